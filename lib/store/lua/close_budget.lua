-- Closes the budget where Notion said to wait: no instance reserves before `till` (ms), and a new
-- window starts then. KEYS budget. ARGV till, now.
local budget, till, now = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
if (tonumber(redis.call('HGET', budget, 'closedUntil') or '') or 0) < till then
  redis.call('HSET', budget, 'closedUntil', ARGV[1], 'start', '0', 'used', '0')
  redis.call('PEXPIRE', budget, till - now + 600000)
end
return 'done'
