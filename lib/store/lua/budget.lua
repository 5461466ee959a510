-- Reserves some of the minute's requests for one instance. KEYS budget. ARGV as named below (times in ms).
-- Answers {granted, ms to wait where nothing could be granted}.
local now, wanted, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local budget = KEYS[1]
local start, used, closed = unpack(redis.call('HMGET', budget, 'start', 'used', 'closedUntil'))
start, used, closed = tonumber(start or '') or 0, tonumber(used or '') or 0, tonumber(closed or '') or 0

if closed > now then return {0, closed - now} end
if now >= start + window then start, used = now, 0 end
local granted = math.min(wanted, limit - used)
if granted <= 0 then return {0, start + window - now} end
redis.call('HSET', budget, 'start', string.format('%.0f', start), 'used', used + granted)
redis.call('PEXPIRE', budget, window * 10)
return {granted, 0}
