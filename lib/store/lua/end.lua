-- Ends a run, once, and makes way: where a follow-up was asked for, that run is under way from this moment on.
-- KEYS active, runs. ARGV as named below, then field-value pairs for the ended run.
-- Answers {outcome, follow-up run's id, its force, its source}; outcome: ended, or repeated where it had ended before.
local root, id, status, now, aliveUntil, nextId, follow, ttl, triggeredAt = unpack(ARGV, 1, 9)
local active, runs = KEYS[1], KEYS[2]
-- include list_run
local run = root .. id

local before, already = unpack(redis.call('HMGET', run, 'status', 'followUpRun'))
if before ~= 'pending' and before ~= 'active' then
  if not already then return {'repeated', ''} end
  return {'repeated', already, unpack(redis.call('HMGET', root .. already, 'force', 'source'))}
end
redis.call('HSET', run, 'status', status, 'finishedAt', now, unpack(ARGV, 10))
for _, part in ipairs({'plan', 'due', 'claims', 'done', 'drops', 'vacating', 'waiting', 'listing'}) do
  redis.call('DEL', run .. ':' .. part)
end
if redis.call('GET', active) ~= id then return {'ended', ''} end

local asked, force, source = unpack(redis.call('HMGET', run, 'followUp', 'followUpForce', 'followUpSource'))
if follow ~= '1' or asked ~= '1' then
  redis.call('DEL', active)
  return {'ended', ''}
end
force = force == '1' and '1' or '0'
redis.call('SET', active, nextId)
redis.call('HSET', run, 'followUpRun', nextId)
redis.call('HSET', root .. nextId, 'runId', nextId, 'status', 'pending', 'phase', 'plan', 'force', force,
  'source', source or '', 'page', '', 'triggeredAt', triggeredAt, 'aliveUntil', aliveUntil)
redis.call('EXPIRE', root .. nextId, ttl)
listRun(runs, nextId, now)
return {'ended', nextId, force, source or ''}
