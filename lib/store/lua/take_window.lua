-- Closes a window, so that later events ask for another one, and returns its fields and values.
-- KEYS window. ARGV how long it is kept (s).
redis.call('HSET', KEYS[1], 'taken', '1')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])
