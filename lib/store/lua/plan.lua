-- Writes (a part of) a run's plan. KEYS run, hidden. ARGV as named below, then field-value pairs for the run, pages that
-- will leave their slugs, pages to be dropped and when each was seen to be gone, and the items: id and payload in turn.
-- The first part clears what a killed planner left; the last one opens the plan for work. Which rows are hidden holds from
-- now on, whatever becomes of the run.
-- Answers the lanes that came too early and wait for their next message, or "lost" where another planner took over. Asked
-- again, because its answer was lost, it says the same.
local lane, token, first, last, ttl, outdated, fields, moving, drops = unpack(ARGV, 1, 9)
local run, hidden = unpack(KEYS)
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run, 'phase') ~= 'plan' then return redis.call('SMEMBERS', run .. ':waiting') end
if redis.call('HGET', run, 'planner') ~= lane then return 'lost' end

if first == '1' then redis.call('DEL', run .. ':plan', run .. ':due', run .. ':vacating', run .. ':drops') end
local movingFrom = 10 + tonumber(fields)
local dropsFrom = movingFrom + tonumber(moving)
local itemsFrom = dropsFrom + tonumber(drops)
for i = movingFrom, dropsFrom - 1 do redis.call('SADD', run .. ':vacating', ARGV[i]) end
for i = dropsFrom, itemsFrom - 1, 2 do
  redis.call('HSET', run .. ':drops', ARGV[i], ARGV[i + 1])
  if not string.find(ARGV[i], '/', 1, true) then redis.call('ZADD', hidden, ARGV[i + 1], ARGV[i]) end
end
redis.call('ZREMRANGEBYSCORE', hidden, '-inf', outdated)
for i = itemsFrom, #ARGV, 2 do
  redis.call('HSET', run .. ':plan', ARGV[i], ARGV[i + 1])
  redis.call('ZADD', run .. ':due', 1, ARGV[i]) -- after what is found on the way, which others may hang on
end
for _, part in ipairs({'plan', 'due', 'vacating', 'drops'}) do redis.call('EXPIRE', run .. ':' .. part, ttl) end
if last ~= '1' then return {} end

redis.call('HSET', run, 'phase', 'work', unpack(ARGV, 10, movingFrom - 1))
return redis.call('SMEMBERS', run .. ':waiting')
