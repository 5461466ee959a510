-- What was asked for while a run was under way: another run follows, of the source that was asked
-- for, or of everything where two sources were. It is remembered beside the runs, so that no run's
-- end can lose it.
local function promise(key, source, force)
  local asked = redis.call('HGET', key, 'source')
  redis.call('HSET', key, 'source', asked and asked ~= source and '' or source)
  if force == '1' then redis.call('HSET', key, 'force', '1') end
end

-- Takes what was promised, which counts as kept from now on. Returns its source and force; nil
-- where nothing was promised.
local function takePromise(key)
  local source, force = unpack(redis.call('HMGET', key, 'source', 'force'))
  if not source then return nil end
  redis.call('DEL', key)
  return source, force or '0'
end

-- Lets a new run keep what was promised beside what it was asked for. Its record says so as long as
-- it is not known whether the run begins.
local function joinPromise(key, run, source, force)
  local promised, forced = takePromise(key)
  if not promised then return end
  if promised ~= source then redis.call('HSET', run, 'source', '') end
  if forced == '1' then redis.call('HSET', run, 'force', '1') end
  redis.call('HSET', run, 'keptSource', promised, 'keptForce', forced)
end

-- Promises again what a run was to keep that is taken back.
local function giveBackPromise(key, run)
  local source, force = unpack(redis.call('HMGET', run, 'keptSource', 'keptForce'))
  if source then promise(key, source, force) end
end
