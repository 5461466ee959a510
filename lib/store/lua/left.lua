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

-- While the run looks around, a child page that nobody has found by its parent may stand below a row that is hidden now,
-- and so may what a run of one page has left.
local isLooking = not isFocused and redis.call('HGET', run, 'phase') == 'plan'
local function isHeldBack(key, at)
  return isLooking and at > 0
    and (redis.call('HEXISTS', prefix .. 'sync:children', key) == 1
      or string.find(redis.call('HGET', workKey, key) or '', '^%d+ %a*f') ~= nil)
end

-- How much is left, and when the next of it may be done (-1: nothing is, or the run's own slice does it, or it is held back).
local function leftOver(found, count, inHand)
  local soonest = -1
  for _, one in ipairs(found) do
    if not inHand[one[1]] and not isHeldBack(one[1], one[2]) and (soonest < 0 or one[2] < soonest) then soonest = one[2] end
  end
  return count, soonest
end
