-- Keeps signed addresses for so long (ms) and ends the lock. KEYS fresh, lock. ARGV lock's token, ttl, then file's token
-- (or `walk`) and "ms value" in turn.
local fresh, lock = unpack(KEYS)
for i = 3, #ARGV, 2 do redis.call('HSET', fresh, ARGV[i], ARGV[i + 1]) end
if redis.call('PTTL', fresh) < tonumber(ARGV[2]) then redis.call('PEXPIRE', fresh, ARGV[2]) end
if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
return 'done'
