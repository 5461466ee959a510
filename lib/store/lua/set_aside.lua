-- Takes the records of layout 2 aside, and leaves a sentence for the version that looks for them.
-- KEYS kept, migrating. ARGV the sentence.
if redis.call('TYPE', KEYS[1]).ok == 'hash' then redis.call('RENAME', KEYS[1], KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
