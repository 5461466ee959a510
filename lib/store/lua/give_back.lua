-- Gives reserved requests back that nobody made, unless their minute is over. KEYS budget. ARGV requests, now, window (ms).
local budget, requests, now, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local start, used = unpack(redis.call('HMGET', budget, 'start', 'used'))
if now < tonumber(start or '0') + window and tonumber(used or '0') >= requests then
  redis.call('HSET', budget, 'used', tonumber(used) - requests)
end
return 'done'
