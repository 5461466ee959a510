-- Keeps a text for so long (s), if the slice's lane is its own still. KEYS run, key. ARGV lane, token, text, seconds.
-- Returns done or lost.
if redis.call('HGET', KEYS[1], 'token:' .. ARGV[1]) ~= ARGV[2] then return 'lost' end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
return 'done'
