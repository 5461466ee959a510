-- What no listing shows, beside child pages. KEYS databases, outside, still. Returns all of it.
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3])}
