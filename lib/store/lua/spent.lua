-- What the slice of a lane has spent and no counter of the run holds yet: "requests throttled
-- commands". Where the slice ended in an error or died, the next slice counts it. Needs `run`,
-- `lane`.
local SPENT_COUNTERS, MOST_DIGITS = {'notionRequests', 'notionThrottled', 'kvCommands'}, 15
local function countSpent()
  local numbers =
    {string.match(redis.call('HGET', run, 'spent:' .. lane) or '', '^(%d+) (%d+) (%d+)$')}
  for at, number in ipairs(numbers) do
    if #number <= MOST_DIGITS then redis.call('HINCRBY', run, SPENT_COUNTERS[at], number) end
  end
  redis.call('HDEL', run, 'spent:' .. lane)
end
