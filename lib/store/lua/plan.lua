-- Writes (a part of) a run's plan. KEYS run, hidden, overdue. ARGV as named below, then field-value pairs for the run,
-- pages that will leave their slugs, pages to be dropped and when each was seen to be gone, ids that are due in the next run,
-- problems as JSON (the first of `failed` that the survey met), and the items: id and payload in turn.
-- The first part clears what a killed planner left; the last one opens the plan for work, and notes the problems with that
-- very step, so that they are noted once. Which rows are hidden holds from now on, whatever becomes of the run.
-- Answers the lanes that came too early and wait for their next message, or "lost" where another planner took over. Asked
-- again, because its answer was lost, it says the same.
local lane, token, first, last, ttl, problemsTtl, outdated = unpack(ARGV, 1, 7)
local fields, moving, drops, due, problems, failed = unpack(ARGV, 8, 13)
local run, hidden, overdue = unpack(KEYS)
-- include note_problems
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run, 'phase') ~= 'plan' then return redis.call('SMEMBERS', run .. ':waiting') end
if redis.call('HGET', run, 'planner') ~= lane then return 'lost' end

if first == '1' then redis.call('DEL', run .. ':plan', run .. ':due', run .. ':vacating', run .. ':drops') end
local movingFrom = 14 + tonumber(fields)
local dropsFrom = movingFrom + tonumber(moving)
local dueFrom = dropsFrom + tonumber(drops)
local problemsFrom = dueFrom + tonumber(due)
local itemsFrom = problemsFrom + tonumber(problems)
for i = movingFrom, dropsFrom - 1 do redis.call('SADD', run .. ':vacating', ARGV[i]) end
for i = dropsFrom, dueFrom - 1, 2 do
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

local ids, told = {}, {}
for i = dueFrom, problemsFrom - 1 do ids[#ids + 1] = ARGV[i] end
for i = problemsFrom, itemsFrom - 1 do told[#told + 1] = ARGV[i] end
noteProblems(run, overdue, problemsTtl, ids, told, tonumber(failed))
redis.call('HSET', run, 'phase', 'work', unpack(ARGV, 14, movingFrom - 1))
return redis.call('SMEMBERS', run .. ':waiting')
