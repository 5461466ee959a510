-- Finds the copies of files that are about to be named. A copy that nothing names has its time of
-- grace anew. KEYS copies, idle. ARGV now (ms), then files. Returns a Copy or "" for each.
local answer = {}
for i = 2, #ARGV do
  answer[i - 1] = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[1])
  end
end
return answer
