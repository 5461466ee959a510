-- Gives back reserved requests that were not made, unless their minute is over.
-- KEYS budget. ARGV requests, now, window (ms).
local budget, requests, now, window =
  KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local start, used = unpack(redis.call('HMGET', budget, 'start', 'used'))
start, used = tonumber(start or '') or 0, tonumber(used or '') or 0
if now < start + window and used >= requests then
  redis.call('HSET', budget, 'used', used - requests)
end
return 'done'
