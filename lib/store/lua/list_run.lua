-- Lists a run among all runs, of which the newest are remembered.
local function listRun(runs, id, now)
  redis.call('ZADD', runs, now, id)
  redis.call('ZREMRANGEBYRANK', runs, 0, -201)
end
