-- Ends a run, once. Where another run was promised, that one is under way from this moment on.
-- KEYS active, runs, promised, leases, due, run, moments, scheduled. ARGV as named below, then
-- field-value pairs for the ended run.
-- Returns {outcome, the next moment of a date that needs a message ("": none), the follow-up run's
-- id, its force, its source}. Outcomes: ended, or repeated where the run had ended before.
local root, id, status, now, aliveUntil, nextId, ttl, latest, lost = unpack(ARGV, 1, 9)
local active, runs, promised, leases, due, run, moments, scheduled = unpack(KEYS)
-- include sound_types
-- include follow_up
-- include list_run
-- include free_claims

local before, already = unpack(redis.call('HMGET', run, 'status', 'followUpRun'))
if before ~= 'pending' and before ~= 'active' then
  if not already then return {'repeated', '', ''} end
  return {'repeated', '', already, unpack(redis.call('HMGET', root .. already, 'force', 'source'))}
end
redis.call('HSET', run, 'status', status, 'finishedAt', now, unpack(ARGV, 10))
freeClaims(leases, due, id .. '|', now)
for _, field in ipairs(redis.call('HKEYS', run)) do -- no slice writes any more
  if string.find(field, '^token:') then redis.call('HDEL', run, field) end
end
for _, part in ipairs({'listing', 'focus', 'given'}) do redis.call('DEL', run .. ':' .. part) end

-- The next date that begins or ends, where no message is on its way for it: the caller publishes
-- one.
local moment = ''
if status ~= 'cancelled' then
  local at = tonumber(redis.call('ZRANGE', moments, 0, 0, 'WITHSCORES')[2] or '')
  local name = at and string.format('%.0f', at)
  local expected = name and tonumber(redis.call('ZSCORE', scheduled, name) or '')
  if at and at <= tonumber(latest) and (not expected or expected < tonumber(lost)) then
    moment = name
    redis.call('ZADD', scheduled, string.format('%.0f', math.max(at, tonumber(now))), name)
    redis.call('HSET', run, 'nextMoment', name)
  end
  redis.call('ZREMRANGEBYSCORE', scheduled, '-inf', '(' .. lost)
end
if redis.call('GET', active) ~= id then return {'ended', moment, ''} end

redis.call('DEL', active)
if status == 'cancelled' then redis.call('DEL', promised) end
if nextId == '' then return {'ended', moment, ''} end
local source, force = takePromise(promised)
if not source then return {'ended', moment, ''} end
redis.call('SET', active, nextId)
redis.call('HSET', run, 'followUpRun', nextId)
redis.call('HSET', root .. nextId, 'runId', nextId, 'status', 'pending', 'phase', 'plan',
  'force', force, 'source', source, 'page', '', 'askedBy', 'follow-up', 'triggeredAt', now,
  'aliveUntil', aliveUntil)
redis.call('EXPIRE', root .. nextId, ttl)
listRun(runs, nextId, now)
return {'ended', moment, nextId, force, source}
