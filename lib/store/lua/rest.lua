-- Ends a slice: what it still holds is due at once.
-- KEYS run, due, work, leases. ARGV as named below, then counter-amount pairs. waitsUntil (ms; 0:
-- it need not wait), reason and cause ("": none is known) say what stopped the slice.
-- The slice is noted in the run's time line as "slice|lane|began|ended (ms)|reason", and "|cause"
-- where there is one.
-- A slice is fruitful where Notion answered it. A slice that was not, and left something to do, has
-- waited. A slice that leaves nothing begins the end of the run, and is its last fruitful one:
-- slices that begin after it bring only the end.
-- Calling it again for the same slice changes nothing. Returns {left, when the next may be done
-- (-1: nothing is left)}, or "lost".
local prefix, lane, token, slice, now, aliveUntil, parked, fruitful, focused, waitsUntil,
  reason, cause = unpack(ARGV, 1, 12)
local MOST_SLICES = 60
local AGAIN = 'What got no usable answer is tried again.'
local run, isFocused = KEYS[1], focused == '1'
-- include sound_types
-- include left
-- include free_claims
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end

freeClaims(leasesKey, dueKey, token, now)
if redis.call('HEXISTS', run, 'jobIds') == 1 or redis.call('HEXISTS', run, 'slice:0') == 1 then
  parked = '0' -- messages of its own carry it on
end
local found, total = concerned(128)
local next_at = soonest(found, {})
aliveUntil = tonumber(aliveUntil) + math.max(0, next_at - now) -- the next message waits until then
aliveUntil = math.max(aliveUntil, tonumber(redis.call('HGET', run, 'aliveUntil') or '') or 0)
if (tonumber(redis.call('HGET', run, 'ended:' .. lane) or '') or -1) < tonumber(slice) then
  redis.call('HSET', run, 'ended:' .. lane, slice, 'aliveUntil', aliveUntil, 'parked', parked)
  if redis.call('HGET', run, 'planner') == lane then
    redis.call('HSET', run, 'planRests', '1', 'plannerUntil', aliveUntil)
  end
  for i = 13, #ARGV, 2 do redis.call('HINCRBY', run, ARGV[i], ARGV[i + 1]) end
  redis.call('HDEL', run, 'spent:' .. lane) -- the counters include it
  if waitsUntil == '0' and next_at > tonumber(now) then
    waitsUntil, reason = string.format('%.0f', next_at), AGAIN
  end
  if waitsUntil ~= '0' then
    redis.call('HSET', run, 'waitsUntil', waitsUntil, 'waitsFor', reason, 'waitsCause', cause)
  end
  local began = redis.call('HGET', run, 'began:' .. lane) or now
  local words = {slice, lane, began, now, reason}
  if cause ~= '' then words[#words + 1] = cause end
  redis.call('RPUSH', run .. ':timeline', table.concat(words, '|'))
  redis.call('LTRIM', run .. ':timeline', -MOST_SLICES, -1)
  redis.call('PEXPIRE', run .. ':timeline', math.max(1, redis.call('PTTL', run)))
  local ends = total == 0 and redis.call('HGET', run, 'phase') == 'work'
  if fruitful == '1' then
    redis.call('HSET', run, 'fruitless:' .. lane, ends and 1 or 0, 'waits:' .. lane, 0)
  elseif not ends then
    redis.call('HSET', run, 'fruitless:' .. lane, 0)
    redis.call('HSET', run, 'waits:' .. lane,
      (tonumber(redis.call('HGET', run, 'waits:' .. lane) or '') or 0) + 1)
  end
end
return {total, next_at}
