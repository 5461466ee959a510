-- Takes back a run that was asked for and whose message was refused.
-- KEYS active, runs, promised, run. ARGV root of all runs, run id.
-- Returns done, or begun where the run is at work all the same.
-- include sound_types
-- include follow_up
local run = KEYS[4]
local status = redis.call('HGET', run, 'status')
if status and status ~= 'pending' then return 'begun' end
giveBackPromise(KEYS[3], run)
redis.call('DEL', run)
redis.call('ZREM', KEYS[2], ARGV[2])
if redis.call('GET', KEYS[1]) == ARGV[2] then redis.call('DEL', KEYS[1]) end
return 'done'
