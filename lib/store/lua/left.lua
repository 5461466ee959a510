-- What a run has yet to do. Needs `prefix`, `run`, `isFocused`.
local HIGHEST_CLIMB = 30
local isLooking = not isFocused and redis.call('HGET', run, 'phase') == 'plan'
local dueKey, workKey, leasesKey =
  prefix .. 'sync:due', prefix .. 'sync:work', prefix .. 'sync:leases'

local function isGiven(key) return redis.call('SISMEMBER', run .. ':given', key) == 1 end

-- Returns the keys that concern the run, the first `most` that are due, each with the time from
-- which on it may be done, and how many there are in all.
local function concerned(most)
  local found = {}
  if isFocused then
    for _, key in ipairs(redis.call('SMEMBERS', run .. ':focus')) do
      local at = redis.call('ZSCORE', dueKey, key)
      if at and not isGiven(key) then found[#found + 1] = {key, tonumber(at)} end
    end
    table.sort(found, function(one, other) return one[2] < other[2] end)
    return found, #found
  end
  local given = 0
  for _, key in ipairs(redis.call('SMEMBERS', run .. ':given')) do
    if redis.call('ZSCORE', dueKey, key) then given = given + 1 end
  end
  local flat = redis.call('ZRANGE', dueKey, 0, most + given - 1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    if given == 0 or not isGiven(flat[i]) then
      found[#found + 1] = {flat[i], tonumber(flat[i + 1])}
    end
  end
  return found, redis.call('ZCARD', dueKey) - given
end

-- Returns the outermost page around a page that is due in this run, and from when on it may be
-- done; nil where none is. What becomes of it decides whether the page is published at all, and
-- where. Pages that stand in each other do not wait.
local function dueAround(key)
  local found, at
  for _ = 1, HIGHEST_CLIMB do
    local ok, observed =
      pcall(cjson.decode, redis.call('HGET', prefix .. 'sync:observed', key) or '')
    key = ok and type(observed) == 'table' and observed.parent
    if type(key) ~= 'string' then return found, at end
    local due = redis.call('ZSCORE', dueKey, key)
    if due and not isGiven(key)
      and (not isFocused or redis.call('SISMEMBER', run .. ':focus', key) == 1) then
      found, at = key, tonumber(due)
    end
  end
end

-- Returns whether something waits until the run's survey has ended. A child page that was not found
-- by its parent may stand below a row that is hidden now, and so may what a run of one page left.
local function waitsForLook(key, at)
  return isLooking and at > 0
    and (redis.call('HEXISTS', prefix .. 'sync:children', key) == 1
      or string.find(redis.call('HGET', workKey, key) or '', '^%d+ %a*f'))
end

-- Returns when the next of what is left may be done (-1: nothing is left, or what is under way
-- decides).
local function soonest(found, inHand)
  local next_at = -1
  for _, one in ipairs(found) do
    local key, at = unpack(one)
    if not inHand[key] and not waitsForLook(key, at) then
      local around, free_at = dueAround(key)
      -- All that follow are due later.
      if not around then return next_at < 0 and at or math.min(next_at, at) end
      if not inHand[around] and (next_at < 0 or free_at < next_at) then next_at = free_at end
    end
  end
  return next_at
end
