-- Writes (a part of) a run's plan. KEYS the run. ARGV as named below, then field-value pairs for the run, then the items:
-- id and payload in turn. The first part clears what a killed planner left; the last one opens the plan for work.
-- Answers the lanes that came too early and wait for their next message, or "lost" where another planner took over. Asked
-- again, because its answer was lost, it says the same.
local lane, token, first, last, ttl, fields = unpack(ARGV, 1, 6)
local run = KEYS[1]
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run, 'phase') ~= 'plan' then return redis.call('SMEMBERS', run .. ':waiting') end

if first == '1' then redis.call('DEL', run .. ':plan', run .. ':due') end
local itemsFrom = 7 + tonumber(fields)
for i = itemsFrom, #ARGV, 2 do
  redis.call('HSET', run .. ':plan', ARGV[i], ARGV[i + 1])
  redis.call('ZADD', run .. ':due', 0, ARGV[i])
end
redis.call('EXPIRE', run .. ':plan', ttl)
redis.call('EXPIRE', run .. ':due', ttl)
if last ~= '1' then return {} end

redis.call('HSET', run, 'phase', 'work', unpack(ARGV, 7, itemsFrom - 1))
return redis.call('SMEMBERS', run .. ':waiting')
