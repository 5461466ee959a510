-- Makes `tokens` (separated by spaces) the hosted files of a bundle. `lacking`: "1": some have no
-- copy in Blob yet, "private": none may have one.
local function nameFiles(files, named, uncopied, bundle, tokens, lacking)
  local private = files .. ':private'
  for token in string.gmatch(redis.call('HGET', files, bundle) or '', '%S+') do
    redis.call('ZREM', named, token .. ' ' .. bundle)
  end
  redis.call('HDEL', files, bundle)
  redis.call('ZREM', uncopied, bundle)
  redis.call('SREM', private, bundle)
  if tokens == '' then return end
  redis.call('HSET', files, bundle, tokens)
  for token in string.gmatch(tokens, '%S+') do
    redis.call('ZADD', named, 0, token .. ' ' .. bundle)
  end
  if lacking == '1' then redis.call('ZADD', uncopied, 0, bundle) end
  if lacking == 'private' then redis.call('SADD', private, bundle) end
end
