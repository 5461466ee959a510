-- Publishes a child database's bundle and ends its claim. KEYS and ARGV as named below; an empty `text` leaves the
-- published bundle as it is; warnings as JSON texts follow. Answers done, older, repeated or lost, as for a page.
local lane, token, item, id, text, beganAt, kept, ttl, tokens, lacking, mostWarnings, same = unpack(ARGV, 1, 12)
local run, bundle, databases, files, named, uncopied, overdue = unpack(KEYS)
-- include name_files
-- include note_warnings
-- include stands
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run .. ':claims', item) ~= token then return 'repeated' end

local before = redis.call('HGET', databases, id)
local newest = before and tonumber(string.match(before, '"began_at":([%d%.eE+]+)') or '') or 0
local newer = newest > tonumber(beganAt)
if not newer then
  redis.call('HSET', databases, id, kept)
  if text ~= '' then
    nameFiles(files, named, uncopied, 'db:' .. id, tokens, lacking)
    local isNews = not (same == '1' and stands(bundle, text))
    redis.call('SET', bundle, text)
    if isNews then
      redis.call('SADD', run .. ':changed', 'db:' .. id)
      redis.call('EXPIRE', run .. ':changed', ttl)
      redis.call('HINCRBY', run, 'written', 1)
    end
  end
end
noteWarnings(run, mostWarnings, 13, #ARGV)
redis.call('SREM', overdue, item)
redis.call('SADD', run .. ':done', item)
redis.call('EXPIRE', run .. ':done', ttl)
redis.call('ZREM', run .. ':due', item)
redis.call('HDEL', run .. ':claims', item)
redis.call('HDEL', run .. ':plan', item)
return newer and 'older' or 'done'
