-- Remembers a file's copy. KEYS copies, trash, tried. ARGV file, copy, the copy's address.
local copies, trash, tried = unpack(KEYS)
redis.call('HSET', copies, ARGV[1], ARGV[2])
redis.call('SREM', trash, ARGV[3])
redis.call('HDEL', tried, ARGV[1])
return 'done'
