-- Keeps a text for some seconds, if the slice still has the lease on its lane. KEYS run, key.
-- ARGV lane, token, text, seconds. Returns done or lost.
if redis.call('HGET', KEYS[1], 'token:' .. ARGV[1]) ~= ARGV[2] then return 'lost' end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
return 'done'
