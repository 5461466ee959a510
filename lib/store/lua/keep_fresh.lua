-- Keeps signed addresses for so long (ms) and ends the lock. KEYS fresh, lock. ARGV lock's token, ttl, then file and
-- "ms url" in turn.
local fresh, lock = unpack(KEYS)
redis.call('HSET', fresh, unpack(ARGV, 3))
redis.call('PEXPIRE', fresh, ARGV[2])
if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
return 'done'
