-- What is remembered of all sources. KEYS sources, listings, forced, leaves. Returns the fields and values of the first
-- three, and the names of those that have an index.
return {
  redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]), redis.call('HKEYS', KEYS[4]),
}
