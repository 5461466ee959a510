-- Keeps signed addresses for `ttl` (ms) and ends the lock. KEYS fresh, lock. ARGV the lock's token,
-- ttl, then a file's token (or `walk`) and "ms value" in turn.
local fresh, lock = unpack(KEYS)
for i = 3, #ARGV, 2 do redis.call('HSET', fresh, ARGV[i], ARGV[i + 1]) end
if redis.call('PTTL', fresh) < tonumber(ARGV[2]) then redis.call('PEXPIRE', fresh, ARGV[2]) end
if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
return 'done'
