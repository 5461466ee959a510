-- Notes the warnings ARGV[first] to ARGV[last], each as JSON text, in a run's record, which keeps the first `most` of them.
local function noteWarnings(run, most, first, last)
  for i = first, last do
    if redis.call('HINCRBY', run, 'warned', 1) <= tonumber(most) then
      local said = redis.call('HGET', run, 'warnings') or '[]'
      redis.call('HSET', run, 'warnings', (said == '[]' and '[' or string.sub(said, 1, -2) .. ',') .. ARGV[i] .. ']')
    end
  end
end
