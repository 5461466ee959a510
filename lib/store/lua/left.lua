-- What a run has yet to do. Needs `prefix`, `run`, `owner` (how the run's leases begin), `now` (ms), `isFocused`.
local dueKey, workKey, leasesKey = prefix .. 'sync:due', prefix .. 'sync:work', prefix .. 'sync:leases'

local function isGiven(key) return redis.call('SISMEMBER', run .. ':given', key) == 1 end

-- The keys that concern the run, the first `most` that are due, with the times from which on they may be done.
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
    if given == 0 or not isGiven(flat[i]) then found[#found + 1] = {flat[i], tonumber(flat[i + 1])} end
  end
  return found, redis.call('ZCARD', dueKey) - given
end

-- How much is left, and when the next of it may be done (-1: nothing is, or the run's own slice does it).
local function leftOver(found, count, inHand)
  local soonest = -1
  for _, one in ipairs(found) do
    if not inHand[one[1]] and (soonest < 0 or one[2] < soonest) then soonest = one[2] end
  end
  return count, soonest
end
