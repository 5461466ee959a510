-- Begins a slice: fences off the delivery that had this lane before, and takes back what it held.
-- KEYS active, runs, promised, due, leases, work, run, moments, scheduled. ARGV as named below,
-- then field-value pairs for a run that is not recorded yet (KV was out of reach when it was asked
-- for, or the message came from QStash's console).
-- Returns {outcome, token, …the run's fields and values}. Outcomes:
--   go         the slice begins
--   unsent     this slice has ended, and the next one may not have been published
--   repeated   later slices have begun
--   joined     another run is under way; the token is its id
--   ended      the run has ended
--   exhausted  slice after slice began without a result: the run is to be failed
-- rest.lua says what counts as fruitless and as a wait.
local root, id, lane, slice, now, aliveUntil, exclusive, force, source, ttl, tries, mostWaits,
  nonce, moment, isOfPages = unpack(ARGV, 1, 15)
local active, runs, promised, due, leases, work, run, moments, scheduled = unpack(KEYS)
local prefix = string.sub(root, 1, -#'sync:run:' - 1)
-- include sound_types
-- include follow_up
-- include list_run
-- include due
-- include spent
-- include free_claims

local status = redis.call('HGET', run, 'status')
if exclusive == '1' and (not status or status == 'pending' or status == 'active') then
  local current = redis.call('GET', active)
  if current and current ~= id then
    local other = redis.call('HMGET', root .. current, 'status', 'aliveUntil')
    if (other[1] == 'pending' or other[1] == 'active')
      and (tonumber(other[2] or '') or 0) > tonumber(now) then
      promise(promised, source, force)
      if status then redis.call('HSET', run, 'status', 'cancelled', 'finishedAt', now) end
      return {'joined', current}
    end
  end
  redis.call('SET', active, id)
end

if not status then
  redis.call('HSET', run, unpack(ARGV, 16))
  listRun(runs, id, now)
  if exclusive == '1' then joinPromise(promised, run, source, force) end
elseif status ~= 'pending' and status ~= 'active' then
  return {'ended', '', unpack(redis.call('HGETALL', run))}
end
redis.call('EXPIRE', run, ttl)

local at = tonumber(redis.call('HGET', run, 'slice:' .. lane) or '') or -1
local ended = tonumber(redis.call('HGET', run, 'ended:' .. lane) or '') or -1
if tonumber(slice) <= ended then
  return {tonumber(slice) == at and 'unsent' or 'repeated', '', unpack(redis.call('HGETALL', run))}
end
if tonumber(slice) < at then return {'repeated', '', unpack(redis.call('HGETALL', run))} end

if tonumber(slice) > at then -- the queue bounds the deliveries of one slice
  local fruitless = (tonumber(redis.call('HGET', run, 'fruitless:' .. lane) or '') or 0) + 1
  redis.call('HSET', run, 'fruitless:' .. lane, fruitless)
  local waits = tonumber(redis.call('HGET', run, 'waits:' .. lane) or '') or 0
  if fruitless > tonumber(tries) or waits > tonumber(mostWaits) then
    return {'exhausted', '', unpack(redis.call('HGETALL', run))}
  end
end

-- The first lane that comes does the survey. The backup way replaces a lane that rests, a lane of a
-- message replaces the backup way, and any lane replaces one that has given no sign of life.
local planner, until_ms, rests =
  unpack(redis.call('HMGET', run, 'planner', 'plannerUntil', 'planRests'))
local handed = planner and planner ~= lane
  and ((lane == 'here' and rests == '1') or (lane ~= 'here' and planner == 'here')
    or (tonumber(until_ms or '') or 0) < tonumber(now))
if not planner or handed then planner = lane end
if planner == lane then
  redis.call('HSET', run, 'planner', lane,
    'plannerUntil', math.max(tonumber(aliveUntil), tonumber(now)))
end

local token = id .. '|' .. lane .. '|' .. nonce
freeClaims(leases, due, id .. '|' .. lane .. '|', now)
if isOfPages == '0' then
  -- Rows whose dates begin or end. Their reading, by Notion's clock, decides what follows.
  local isScheduled = moment ~= '0'
  if isScheduled then redis.call('ZREM', scheduled, moment) end
  local upTo = string.format('%.0f', math.max(tonumber(now), tonumber(moment)))
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', moments, '-inf', upTo, 'LIMIT', 0, 1000)) do
    addWork(key, isScheduled and 'f' or '-', '{}', now)
    if isScheduled then
      redis.call('SADD', run .. ':focus', key)
      redis.call('EXPIRE', run .. ':focus', ttl)
    end
    redis.call('ZREM', moments, key)
  end
end
if redis.call('HGET', run, 'slices') == false and exclusive == '1' then
  -- What earlier runs left waits for this run's survey: rows may have been hidden meanwhile.
  local held, leased = redis.call('HGETALL', leases), {}
  for i = 1, #held, 2 do leased[held[i]] = true end
  local pages = 0
  for _, key in ipairs(redis.call('ZRANGE', due, 0, -1)) do
    if not isOfDatabase(key) then pages = pages + 1 end
    -- Focused work is left to a run of one page.
    local isFocused = string.find(redis.call('HGET', work, key) or '', '^%d+ %a*f')
    if not leased[key] and not isFocused then redis.call('ZADD', due, aliveUntil, key) end
  end
  redis.call('HSET', run, 'toSync', pages)
end
redis.call('HINCRBY', run, tonumber(slice) == at and 'retries' or 'slices', 1)
countSpent()
redis.call('HSETNX', run, 'startedAt', now)
if (tonumber(redis.call('HGET', run, 'aliveUntil') or '') or 0) < tonumber(aliveUntil) then
  redis.call('HSET', run, 'aliveUntil', aliveUntil)
end
redis.call('HDEL', run, 'waitsUntil', 'waitsFor', 'waitsCause')
redis.call('HSET', run, 'began:' .. lane, now, 'status', 'active', 'planRests', '0',
  'parked', '0', 'slice:' .. lane, slice, 'token:' .. lane, token)
return {'go', token, unpack(redis.call('HGETALL', run))}
