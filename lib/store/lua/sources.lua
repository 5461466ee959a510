-- Reads what is remembered of all sources. KEYS sources, listings, forced, leaves, freed, layout.
-- Returns the fields and values of the first three, the names of those that have an index, slugs
-- that are free and waited for, and the layout.
return {
  redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
  redis.call('HKEYS', KEYS[4]),
  redis.call('SMEMBERS', KEYS[5]), redis.call('GET', KEYS[6]) or '',
}
