-- Another run follows this one: of the source that was asked for, or of everything where two were.
local function followUp(run, source, force)
  local asked = redis.call('HGET', run, 'followUpSource')
  if asked and asked ~= source then source = '' end
  redis.call('HSET', run, 'followUp', '1', 'followUpSource', source)
  if force == '1' then redis.call('HSET', run, 'followUpForce', '1') end
end
