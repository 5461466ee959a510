-- Counts what a run could not read, notes the first 50 problems for people, and makes `ids` due in the next run.
local function noteProblems(run, overdue, ttl, ids, problems, count)
  for _, id in ipairs(ids) do redis.call('SADD', overdue, id) end
  if count == 0 then return end
  redis.call('HINCRBY', run, 'failed', count)
  for _, problem in ipairs(problems) do redis.call('RPUSH', run .. ':errors', problem) end
  redis.call('LTRIM', run .. ':errors', 0, 49)
  redis.call('EXPIRE', run .. ':errors', ttl)
end
