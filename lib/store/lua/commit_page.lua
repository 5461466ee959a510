-- Publishes a page's bundle and ends its claim: all of it, or nothing where the claim was lost.
-- A slug that another page still owns, but will leave in this run, is taken when the run's index is published: until
-- then the bundle is staged. KEYS as named below. ARGV as named below, then
-- new items (id, payload, …). `files` and `lacking` as nameFiles takes them.
-- Answers done, older (a newer reading stands in KV), staged, taken (by a page that stays), or lost.
local lane, token, id, slug, source, head, parts, readAt, kept, meta, ttl, tokens, lacking = unpack(ARGV, 1, 13)
local run, page, keptKey, metas, slugs, overdue, revisions, moved, stagedPages, stagedMetas, staged = unpack(KEYS)
local files, named, uncopied = unpack(KEYS, 12)
-- include name_files
if redis.call('HGET', run, 'token:' .. lane) ~= token or redis.call('HGET', run .. ':claims', id) ~= token then
  return 'lost'
end

local before = redis.call('HGET', keptKey, id)
-- The member is found as text: decoding it here would turn its empty lists into objects.
local newer = before and tonumber(string.match(before, '"read_at":([%d%.eE+]+)')) > tonumber(readAt)
local outcome = newer and 'older' or 'done'

if outcome == 'done' and head ~= '' then
  local owner = redis.call('HGET', slugs, slug)
  if owner and owner ~= id then
    if redis.call('SISMEMBER', run .. ':vacating', owner) == 0 then return 'taken' end
    outcome = 'staged'
  end
end

if outcome == 'staged' then
  redis.call('SET', staged, head)
  redis.call('HSET', stagedPages, id, kept)
  redis.call('HSET', stagedMetas, id, meta)
  redis.call('HINCRBY', revisions, source, 1)
  nameFiles(files, named, uncopied, 'staged:' .. id, tokens, '0')
elseif outcome == 'done' then
  redis.call('HSET', keptKey, id, kept)
  if head ~= '' then
    nameFiles(files, named, uncopied, 'page:' .. id, tokens, lacking)
    redis.call('SET', page, head)
    for i = 1, tonumber(parts) do redis.call('RENAME', staged .. ':part:' .. i, page .. ':part:' .. i) end
    redis.call('HSET', metas, id, meta)
    redis.call('HSET', slugs, slug, id)
    redis.call('HINCRBY', revisions, source, 1)
    if before then
      local oldSlug = string.match(before, '"slug":"(.-)","source"')
      local oldSource = string.match(before, '"source":"(.-)"')
      local oldParts = tonumber(string.match(before, '"parts":(%d+)}') or '0')
      if oldSlug ~= slug then
        redis.call('HSET', moved, oldSlug, id .. ':' .. oldParts)
      else
        for i = tonumber(parts) + 1, oldParts do redis.call('DEL', page .. ':part:' .. i) end
      end
      if oldSource ~= source then redis.call('HINCRBY', revisions, oldSource, 1) end
    end
  end
end
if outcome ~= 'older' and head ~= '' then
  redis.call('SADD', run .. ':changed', 'page:' .. slug)
  redis.call('EXPIRE', run .. ':changed', ttl)
  redis.call('HINCRBY', run, 'written', 1)
end

for i = 14, #ARGV, 2 do
  local fresh = redis.call('SISMEMBER', run .. ':done', ARGV[i]) == 0
  if fresh and redis.call('HSETNX', run .. ':plan', ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('ZADD', run .. ':due', 0, ARGV[i])
    if string.sub(ARGV[i], 1, 3) ~= 'db:' then redis.call('HINCRBY', run, 'toSync', 1) end
  end
end

redis.call('SREM', overdue, id)
redis.call('SADD', run .. ':done', id)
redis.call('EXPIRE', run .. ':done', ttl)
redis.call('ZREM', run .. ':due', id)
redis.call('HDEL', run .. ':claims', id)
redis.call('HDEL', run .. ':plan', id)
redis.call('HINCRBY', run, 'synced', 1)
return outcome
