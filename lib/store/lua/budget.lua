-- Reserves some of the minute's requests for one instance.
-- KEYS budget. ARGV as named below (times in ms): `share` is the most that all instances of its
-- kind (`sync` or `visit`) get of the limit.
-- Returns {granted, ms to wait where nothing was granted, what its kind has left}.
local now, wanted, limit, window =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kind, share = ARGV[5], tonumber(ARGV[6])
local budget = KEYS[1]
local start, used, visits, closed =
  unpack(redis.call('HMGET', budget, 'start', 'used', 'visits', 'closedUntil'))
start, used = tonumber(start or '') or 0, tonumber(used or '') or 0
visits, closed = tonumber(visits or '') or 0, tonumber(closed or '') or 0

if closed > now then return {0, closed - now, 0} end
if now >= start + window then start, used, visits = now, 0, 0 end
local own = kind == 'visit' and visits or used - visits
local left = math.min(limit - used, share - own)
local granted = math.min(wanted, left)
if granted <= 0 then return {0, start + window - now, 0} end
if kind == 'visit' then visits = visits + granted end
redis.call('HSET', budget, 'start', string.format('%.0f', start),
  'used', used + granted, 'visits', visits)
redis.call('PEXPIRE', budget, window * 10)
return {granted, 0, left - granted}
