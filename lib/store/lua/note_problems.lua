-- Counts what a run could not read, and notes the first 50 problems, as JSON texts, for people.
local function noteProblems(ttl, problems)
  if #problems == 0 then return end
  redis.call('HINCRBY', run, 'failed', #problems)
  for _, problem in ipairs(problems) do redis.call('RPUSH', run .. ':errors', problem) end
  redis.call('LTRIM', run .. ':errors', 0, 49)
  redis.call('EXPIRE', run .. ':errors', ttl)
end
