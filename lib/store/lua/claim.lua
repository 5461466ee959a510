-- Claims up to `count` items that are due: exclusive, until `expires`, under the slice's token. What this slice claimed
-- before and does not know of (the answer was lost) is handed out first. KEYS the run. ARGV as named below, then the ids
-- in hand. Answers "lost", or {items left in all, when the next one nobody works on is due (-1: none), id, payload, …}.
local lane, token, now, expires, count, ttl = unpack(ARGV, 1, 6)
local run = KEYS[1]
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end

local inHand = {}
for i = 7, #ARGV do inHand[ARGV[i]] = true end
local answer = {0, -1}
local function take(id)
  local payload = redis.call('HGET', run .. ':plan', id)
  redis.call('ZADD', run .. ':due', expires, id)
  redis.call('HSET', run .. ':claims', id, token)
  inHand[id] = true
  answer[#answer + 1] = id
  answer[#answer + 1] = payload or ''
end

local claims = redis.call('HGETALL', run .. ':claims')
local others = {}
for i = 1, #claims, 2 do
  if claims[i + 1] ~= token then others[claims[i]] = true
  elseif not inHand[claims[i]] then take(claims[i]) end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', run .. ':due', '-inf', now, 'LIMIT', 0, tonumber(count) + 64)) do
  if #answer - 2 >= 2 * tonumber(count) then break end
  if not inHand[id] then take(id) end
end

redis.call('EXPIRE', run .. ':claims', ttl)
local left = redis.call('ZRANGE', run .. ':due', 0, 127, 'WITHSCORES')
answer[1] = redis.call('ZCARD', run .. ':due')
for i = 1, #left, 2 do
  if not inHand[left[i]] and not (others[left[i]] and tonumber(left[i + 1]) > tonumber(now)) then
    answer[2] = left[i + 1]
    break
  end
end
return answer
