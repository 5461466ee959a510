-- Records a run that was asked for, and makes it the one under way or joins the one that is.
-- A run of one page stands beside the others: `exclusive` is "0" and `active` stays as it is.
-- KEYS active, runs, promised, run, slugs, former slugs. ARGV root of all runs, then as named
-- below, then field-value pairs of the new run. `slug` is that of the page that is asked for ("":
-- the page is given by its id).
-- Returns {outcome, run id, job ids, next slice of lane 0}. Outcomes:
--   new      the run is recorded
--   joined   another run is under way
--   unknown  the slug leads to no page
--   resumed  nothing carries on the run under way: the backup way left it, or its message may
--            never have been published
local root, id, now, aliveUntil, exclusive, force, source, ttl, silence, slug = unpack(ARGV, 1, 10)
local active, runs, promised, _, slugs, formerSlugs = unpack(KEYS)
-- include sound_types
-- include follow_up
-- include list_run

if slug ~= '' and redis.call('HEXISTS', slugs, slug) == 0
  and redis.call('HEXISTS', formerSlugs, slug) == 0 then
  return {'unknown', '', '', 0}
end
local current = exclusive == '1' and redis.call('GET', active)
if current and current ~= id then
  local run = root .. current
  local status, alive, parked, jobs, slice =
    unpack(redis.call('HMGET', run, 'status', 'aliveUntil', 'parked', 'jobIds', 'slice:0'))
  if status == 'pending' or status == 'active' then
    if (tonumber(alive or '') or 0) > tonumber(now) then
      local forced, scope = unpack(redis.call('HMGET', run, 'force', 'source'))
      if parked == '1' or (status == 'pending' and not jobs) then
        redis.call('HSET', run, 'aliveUntil', aliveUntil)
        local isLess = (force == '1' and forced ~= '1') or (scope ~= '' and scope ~= source)
        -- A run that has begun may have finished its survey already.
        if isLess or status == 'active' then promise(promised, source, force) end
        return {'resumed', current, jobs or '', (tonumber(slice or '') or -1) + 1}
      end
      promise(promised, source, force)
      return {'joined', current, jobs or '', 0}
    end
    redis.call('HSET', run, 'status', 'failed', 'finishedAt', now, 'silent', '1', 'error', silence)
  end
end

redis.call('HSET', root .. id, unpack(ARGV, 11))
if exclusive == '1' then
  redis.call('SET', active, id)
  joinPromise(promised, root .. id, source, force)
end
redis.call('EXPIRE', root .. id, ttl)
listRun(runs, id, now)
return {'new', id, '', 0}
