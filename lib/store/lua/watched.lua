-- What no listing shows. KEYS databases, outside, still, children. ARGV about how many child pages. Returns the fields and
-- values of the first two, the third, and of child pages a cursor that leads to the rest ("0": there is none) and some.
local cursor, some = unpack(redis.call('HSCAN', KEYS[4], 0, 'COUNT', ARGV[1]))
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3]), cursor, some}
