-- Ends a claim without a result. With a payload the item is due again at `dueAt`; without one it is given up, noted in
-- the run's errors, and stays due for the next run; or it was gone at `now` (epoch seconds), and `drop` is unpublished when
-- the run ends.
-- KEYS run, overdue. ARGV as named below. Answers done, repeated or lost, as for a page that is published.
local lane, token, id, payload, dueAt, problem, ttl, drop, now = unpack(ARGV)
local run, overdue = unpack(KEYS)
-- include note_problems
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run .. ':claims', id) ~= token then return 'repeated' end

redis.call('HDEL', run .. ':claims', id)
if payload ~= '' then
  redis.call('HSET', run .. ':plan', id, payload)
  redis.call('ZADD', run .. ':due', dueAt, id)
  return 'done'
end
redis.call('ZREM', run .. ':due', id)
redis.call('HDEL', run .. ':plan', id)
redis.call('SADD', run .. ':done', id)
redis.call('EXPIRE', run .. ':done', ttl)
if drop ~= '' then
  redis.call('HSET', run .. ':drops', drop, now)
  redis.call('EXPIRE', run .. ':drops', ttl)
  redis.call('HINCRBY', run, 'dropping', 1)
  redis.call('HINCRBY', run, 'synced', 1)
  return 'done'
end
if string.sub(id, 1, 3) == 'db:' then redis.call('HINCRBY', run, 'toSync', 1) end -- a plan counts its pages only
noteProblems(run, overdue, ttl, {id}, {problem}, 1)
return 'done'
