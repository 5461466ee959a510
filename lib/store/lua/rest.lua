-- Ends a slice: what it still holds is due at once. KEYS the run. ARGV as named below, then counter-amount pairs.
-- A slice bears fruit where Notion answered it. One that did not, and left something to do, has waited. One that leaves
-- nothing begins the end of the run, which is the last fruit: slices that begin after it bring nothing, but the end.
-- Calling it again for the same slice changes nothing. Answers {items left, when the next one nobody works on is due (-1:
-- none)}, or "lost".
local lane, token, slice, now, aliveUntil, parked, fruitful = unpack(ARGV, 1, 7)
local run = KEYS[1]
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end

local claims = redis.call('HGETALL', run .. ':claims')
local others = {}
for i = 1, #claims, 2 do
  if claims[i + 1] == token then
    redis.call('ZADD', run .. ':due', now, claims[i])
    redis.call('HDEL', run .. ':claims', claims[i])
  else
    others[claims[i]] = true
  end
end
if redis.call('HEXISTS', run, 'jobIds') == 1 or redis.call('HEXISTS', run, 'slice:0') == 1 then
  parked = '0' -- messages of its own carry it on
end
if (tonumber(redis.call('HGET', run, 'ended:' .. lane) or '') or -1) < tonumber(slice) then
  redis.call('HSET', run, 'ended:' .. lane, slice, 'aliveUntil', aliveUntil, 'parked', parked)
  if redis.call('HGET', run, 'planner') == lane then redis.call('HSET', run, 'planRests', '1') end
  for i = 8, #ARGV, 2 do redis.call('HINCRBY', run, ARGV[i], ARGV[i + 1]) end
  local ends = redis.call('ZCARD', run .. ':due') == 0 and redis.call('HGET', run, 'phase') == 'work'
  if fruitful == '1' then
    redis.call('HSET', run, 'fruitless:' .. lane, ends and 1 or 0, 'waits:' .. lane, 0)
  elseif not ends then
    redis.call('HSET', run, 'fruitless:' .. lane, 0)
    redis.call('HINCRBY', run, 'waits:' .. lane, 1)
  end
end

local left = redis.call('ZRANGE', run .. ':due', 0, 127, 'WITHSCORES')
for i = 1, #left, 2 do
  if not others[left[i]] then return {redis.call('ZCARD', run .. ':due'), left[i + 1]} end
end
return {redis.call('ZCARD', run .. ':due'), -1}
