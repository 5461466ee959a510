-- Begins a slice: fences off whoever worked in this lane before and takes back what he held.
-- KEYS active, runs. ARGV as named below, then field-value pairs for a run that nobody has recorded yet
-- (KV was out of reach when it was asked for, or the message came from QStash's console).
-- Answers {outcome, token, …the run's fields and values}; outcome: go, early (another lane still plans; it will call),
-- unsent (this slice has ended, and the next one may not have been published), repeated (later slices have begun), joined
-- (another run is under way; the token is its id), ended, exhausted (slice after slice began and brought nothing: the run is
-- to be failed). What counts as fruitless and as a wait says rest.lua.
local root, id, lane, slice, now, aliveUntil, exclusive, force, source, ttl, tries, mostWaits = unpack(ARGV, 1, 12)
local active, runs = KEYS[1], KEYS[2]
-- include follow_up
-- include list_run
local run = root .. id

local status = redis.call('HGET', run, 'status')
if exclusive == '1' and (not status or status == 'pending' or status == 'active') then
  local current = redis.call('GET', active)
  if current and current ~= id then
    local other = redis.call('HMGET', root .. current, 'status', 'aliveUntil')
    if (other[1] == 'pending' or other[1] == 'active') and (tonumber(other[2] or '') or 0) > tonumber(now) then
      followUp(root .. current, source, force)
      if status then redis.call('HSET', run, 'status', 'cancelled', 'finishedAt', now) end
      return {'joined', current}
    end
  end
  redis.call('SET', active, id)
end

if not status then
  redis.call('HSET', run, unpack(ARGV, 13))
  listRun(runs, id, now)
elseif status ~= 'pending' and status ~= 'active' then
  return {'ended', '', unpack(redis.call('HGETALL', run))}
end
redis.call('EXPIRE', run, ttl)

-- The backup way goes on with a plan that rests (its message may never come), and gives it back to who comes by message.
local planner = redis.call('HGET', run, 'planner')
local handed = (lane == 'here' and redis.call('HGET', run, 'planRests') == '1') or (lane ~= 'here' and planner == 'here')
if not planner or handed then redis.call('HSET', run, 'planner', lane) end
if redis.call('HGET', run, 'phase') == 'plan' and redis.call('HGET', run, 'planner') ~= lane then
  if lane ~= 'here' then -- the backup way is called by its owner
    redis.call('SADD', run .. ':waiting', lane)
    redis.call('EXPIRE', run .. ':waiting', ttl)
  end
  return {'early', '', unpack(redis.call('HGETALL', run))}
end

local at = tonumber(redis.call('HGET', run, 'slice:' .. lane) or '') or -1
local ended = tonumber(redis.call('HGET', run, 'ended:' .. lane) or '') or -1
if tonumber(slice) <= ended then
  return {tonumber(slice) == at and 'unsent' or 'repeated', '', unpack(redis.call('HGETALL', run))}
end
if tonumber(slice) < at then return {'repeated', '', unpack(redis.call('HGETALL', run))} end

if tonumber(slice) > at then -- the deliveries of one slice are bounded by the queue
  local fruitless = redis.call('HINCRBY', run, 'fruitless:' .. lane, 1)
  local waits = tonumber(redis.call('HGET', run, 'waits:' .. lane) or '0')
  if fruitless > tonumber(tries) or waits > tonumber(mostWaits) then
    return {'exhausted', '', unpack(redis.call('HGETALL', run))}
  end
end

local token = lane .. ':' .. redis.call('HINCRBY', run, 'epoch', 1)
local claims = redis.call('HGETALL', run .. ':claims')
for i = 1, #claims, 2 do
  if string.sub(claims[i + 1], 1, #lane + 1) == lane .. ':' then
    redis.call('ZADD', run .. ':due', now, claims[i])
    redis.call('HDEL', run .. ':claims', claims[i])
  end
end
redis.call('HINCRBY', run, tonumber(slice) == at and 'retries' or 'slices', 1)
redis.call('HSETNX', run, 'startedAt', now)
if (tonumber(redis.call('HGET', run, 'aliveUntil') or '') or 0) < tonumber(aliveUntil) then
  redis.call('HSET', run, 'aliveUntil', aliveUntil)
end
redis.call('HSET', run, 'status', 'active', 'planRests', '0', 'parked', '0', 'slice:' .. lane, slice, 'token:' .. lane, token)
return {'go', token, unpack(redis.call('HGETALL', run))}
