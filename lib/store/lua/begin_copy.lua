-- Puts a file off before it is read. KEYS tried (file -> "tries ms until"). ARGV as named below
-- (times in ms). Returns until when the file was put off before, and then changes nothing; 0: the
-- caller reads it now.
local tried = KEYS[1]
local file, now, first, longest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local tries, till = string.match(redis.call('HGET', tried, file) or '', '^(%d+) (%d+)$')
tries, till = tonumber(tries or '0'), tonumber(till or '0')

if till > now then return string.format('%.0f', till) end
local pause = math.min(longest, first * 2 ^ math.min(tries, 20))
redis.call('HSET', tried, file, string.format('%d %.0f', tries + 1, now + pause))
redis.call('PEXPIRE', tried, 7 * longest)
return '0'
