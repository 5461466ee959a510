-- Puts the addresses of copies into a published bundle, unless it has been published anew since it was read.
-- KEYS and ARGV as named below. `memory` is the hash that remembers the bundle, and held `before` of it; `text` "": nothing
-- is to be written; `meta` "": it is no page's, or the same; `due` (ms) "": every file has its copy now.
-- Answers done or changed.
local memory, bundle, uncopied, metas, revisions, run = unpack(KEYS)
local name, id, before, after, text, meta, source, due, parts, staged, word, ttl = unpack(ARGV)
if redis.call('HGET', memory, id) ~= before then return 'changed' end

if due == '' then redis.call('ZREM', uncopied, name) else redis.call('ZADD', uncopied, due, name) end
if text == '' then return 'done' end
redis.call('HSET', memory, id, after)
redis.call('SET', bundle, text)
for i = 1, tonumber(parts) do
  local part = bundle .. ':part:' .. i
  if redis.call('EXISTS', staged .. ':part:' .. i) == 1 then -- else this very call came through before
    redis.call('RENAME', staged .. ':part:' .. i, part)
    redis.call('PERSIST', part) -- what is renamed takes its expiry along
  end
end
if meta ~= '' then
  redis.call('HSET', metas, id, meta)
  redis.call('HINCRBY', revisions, source, 1)
end
redis.call('SADD', run .. ':changed', word)
redis.call('EXPIRE', run .. ':changed', ttl)
redis.call('HINCRBY', run, 'written', 1)
return 'done'
