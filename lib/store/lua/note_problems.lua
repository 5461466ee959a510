-- Counts what a run could not read, and notes the first 50 problems, as JSON texts, for people. Of
-- what is due, and of sources, `overdue` keeps since when they could not be read: key ->
-- "ms {problem}".
local MOST_OVERDUE = 50

local function overdueKeyOf(about, due)
  if about.kind == 'source' then return 'source:' .. about.title end
  local key = type(about.pageId) == 'string'
    and (about.kind == 'database' and 'db:' or '') .. about.pageId
  return key and redis.call('ZSCORE', due, key) and key
end

local function noteProblems(ttl, problems, overdue, due, at)
  if #problems == 0 then return end
  redis.call('HINCRBY', run, 'failed', #problems)
  for _, problem in ipairs(problems) do
    redis.call('RPUSH', run .. ':errors', problem)
    local key = overdueKeyOf(cjson.decode(problem), due)
    local since = key and string.match(redis.call('HGET', overdue, key) or '', '^%d+ ')
    if key and (since or redis.call('HLEN', overdue) < MOST_OVERDUE) then
      redis.call('HSET', overdue, key, (since or string.format('%.0f ', at)) .. problem)
    end
  end
  redis.call('LTRIM', run .. ':errors', 0, 49)
  redis.call('EXPIRE', run .. ':errors', ttl)
end
