-- What was asked for while a run was under way: another run follows, of the source that was asked for, or of everything
-- where two were. It is remembered beside the runs, so that no run's end can lose it.
local function promise(key, source, force)
  local asked = redis.call('HGET', key, 'source')
  redis.call('HSET', key, 'source', asked and asked ~= source and '' or source)
  if force == '1' then redis.call('HSET', key, 'force', '1') end
end

-- What was promised, which counts as kept from now on: its source and force, nil for nothing.
local function takePromise(key)
  local source, force = unpack(redis.call('HMGET', key, 'source', 'force'))
  if not source then return nil end
  redis.call('DEL', key)
  return source, force or '0'
end

-- A new run keeps what was promised beside what it was asked for, and says so as long as nobody knows whether it begins.
local function joinPromise(key, run, source, force)
  local promised, forced = takePromise(key)
  if not promised then return end
  if promised ~= source then redis.call('HSET', run, 'source', '') end
  if forced == '1' then redis.call('HSET', run, 'force', '1') end
  redis.call('HSET', run, 'keptSource', promised, 'keptForce', forced)
end

-- A run that is taken back keeps no promise: what it was to keep is promised again.
local function giveBackPromise(key, run)
  local source, force = unpack(redis.call('HMGET', run, 'keptSource', 'keptForce'))
  if source then promise(key, source, force) end
end
