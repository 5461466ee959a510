-- Whether a key holds a writing of the very same bundle, as far as its beginning and its size tell: they differ in the time
-- only. What another program put there is none.
local function stands(key, text)
  return redis.call('TYPE', key).ok == 'string' and redis.call('STRLEN', key) == #text
    and redis.call('GETRANGE', key, 0, 63) == string.sub(text, 1, 64)
end
