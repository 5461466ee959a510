-- Marks runs as failed that give no sign of life any more, and returns the ids of those for which
-- no notice of that was sent. KEYS runs. ARGV as named below. Only the newest runs are checked.
local root, now, reason = unpack(ARGV)
local untold = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, 49)) do
  local isRun = redis.call('TYPE', root .. id).ok == 'hash'
  local status, alive, silent, told = unpack(isRun
    and redis.call('HMGET', root .. id, 'status', 'aliveUntil', 'silent', 'silentTold') or {})
  if (status == 'pending' or status == 'active')
    and (tonumber(alive or '') or 0) <= tonumber(now) then
    redis.call('HSET', root .. id, 'status', 'failed', 'finishedAt', now,
      'error', reason, 'silent', '1')
    silent = '1'
  end
  if silent == '1' and told ~= '1' then untold[#untold + 1] = id end
end
return untold
