-- Notes warnings, each as JSON text, in a run's record, which keeps the first `most` of them.
local function noteWarnings(most, warnings)
  for _, warning in ipairs(warnings) do
    if redis.call('HINCRBY', run, 'warned', 1) <= most then
      local said = redis.call('HGET', run, 'warnings') or '[]'
      redis.call('HSET', run, 'warnings',
        (said == '[]' and '[' or string.sub(said, 1, -2) .. ',') .. warning .. ']')
    end
  end
end
