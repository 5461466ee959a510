-- Publishes a page's bundle and ends its claim: all of it, or nothing where the claim was lost.
-- A slug that another page still owns, but will leave in this run, is taken when the run's index is published: until
-- then the bundle is staged. Child pages that leave their slugs with this publication are named as `leaving`; those that
-- are read after it have their slugs reserved. KEYS as named below. ARGV as named below (`tokens` and `lacking` as
-- nameFiles takes them; `same`: the bundle is the one that was published last), then the ids of the leaving, the warnings as JSON, and new items (id, payload, slug or "", …).
-- Answers done, older (a newer reading stands in KV, or found the page hidden), staged, taken (by a page that stays),
-- repeated (this page is no concern of the slice any more: this very call came through before and its answer was lost, or
-- its claim expired), or lost (the whole lane).
local lane, token, id, slug, source, head, parts, beganAt, kept, meta, ttl = unpack(ARGV, 1, 11)
local leaving, warnings, mostWarnings, tokens, lacking, same = unpack(ARGV, 12, 17)
local run, page, keptKey, metas, slugs, overdue, revisions, moved, stagedPages, stagedMetas, staged, prepared = unpack(KEYS)
local files, named, uncopied, hidden = unpack(KEYS, 13)
-- include name_files
-- include note_warnings
-- include stands
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if redis.call('HGET', run .. ':claims', id) ~= token then return 'repeated' end

-- Members are found as text: decoding a record here would turn its empty lists into objects. A text that another wrote
-- has none of them: it is no newer than anything, it keeps its slug, and what it left elsewhere is not known.
local function slugOf(page)
  local slug = string.match(page, '^{"slug":"(.-)","source":')
  if not slug then return nil end
  local ok, found = pcall(cjson.decode, '["' .. slug .. '"]')
  return ok and found[1] or nil
end

local before = redis.call('HGET', keptKey, id)
local newest = before and tonumber(string.match(before, '"began_at":([%d%.eE+]+)') or '') or 0
local newer = math.max(newest, tonumber(redis.call('ZSCORE', hidden, id) or 0)) > tonumber(beganAt)
local outcome = newer and 'older' or 'done'

if outcome == 'done' and head ~= '' then
  local owner = redis.call('HGET', slugs, slug)
  if owner and owner ~= id then
    local theirs = redis.call('HGET', keptKey, owner)
    if theirs and (slugOf(theirs) or slug) == slug then
      if redis.call('SISMEMBER', run .. ':vacating', owner) == 0 then return 'taken' end
      outcome = 'staged'
    elseif redis.call('HEXISTS', moved, slug) == 1 then
      outcome = 'staged'
    elseif redis.call('HEXISTS', run .. ':plan', owner) == 1 then
      return 'taken'
    end -- else it was reserved for a page that never came
  end
end

local isNews = head ~= '' and not (same == '1' and stands(page, head))

local function place(bundle)
  for i = 1, tonumber(parts) do
    redis.call('RENAME', prepared .. ':' .. i, bundle .. ':part:' .. i)
    redis.call('PERSIST', bundle .. ':part:' .. i) -- what is renamed takes its expiry along
  end
end

if outcome == 'staged' then
  redis.call('SET', staged, head)
  place(staged)
  redis.call('HSET', stagedPages, id, kept)
  redis.call('HSET', stagedMetas, id, meta)
  redis.call('HINCRBY', revisions, source, 1)
  nameFiles(files, named, uncopied, 'staged:' .. id, tokens, '0')
elseif outcome == 'done' then
  redis.call('HSET', keptKey, id, kept)
  if head ~= '' then
    nameFiles(files, named, uncopied, 'page:' .. id, tokens, lacking)
    redis.call('SET', page, head)
    place(page)
    redis.call('HSET', metas, id, meta)
    redis.call('HSET', slugs, slug, id)
    if isNews then redis.call('HINCRBY', revisions, source, 1) end
    if before then
      local oldSlug = slugOf(before) or slug
      local oldSource = string.match(before, '"source":"(.-)"') or source
      if oldSlug ~= slug then
        redis.call('HSET', moved, oldSlug, id .. ':' .. (string.match(before, '"parts":(%d+)[,}]') or '0'))
      end
      if oldSource ~= source then redis.call('HINCRBY', revisions, oldSource, 1) end
    end
    local spare = tonumber(parts) + 1
    while redis.call('DEL', page .. ':part:' .. spare) == 1 do spare = spare + 1 end
  end
end
if outcome ~= 'older' and isNews then
  redis.call('SADD', run .. ':changed', 'page:' .. slug)
  redis.call('EXPIRE', run .. ':changed', ttl)
  redis.call('HINCRBY', run, 'written', 1)
end

local warningsFrom = 18 + tonumber(leaving)
local itemsFrom = warningsFrom + tonumber(warnings)
for i = 18, warningsFrom - 1 do redis.call('SADD', run .. ':vacating', ARGV[i]) end
if leaving ~= '0' then redis.call('EXPIRE', run .. ':vacating', ttl) end
for i = itemsFrom, #ARGV, 3 do
  local fresh = redis.call('SISMEMBER', run .. ':done', ARGV[i]) == 0
  if fresh and redis.call('HSETNX', run .. ':plan', ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('ZADD', run .. ':due', 0, ARGV[i])
    if ARGV[i + 2] ~= '' then
      redis.call('HINCRBY', run, 'toSync', 1)
      redis.call('HSETNX', slugs, ARGV[i + 2], ARGV[i])
    end
  end
end

noteWarnings(run, mostWarnings, warningsFrom, itemsFrom - 1)

redis.call('SREM', overdue, id)
redis.call('SADD', run .. ':done', id)
redis.call('EXPIRE', run .. ':done', ttl)
redis.call('ZREM', run .. ':due', id)
redis.call('HDEL', run .. ':claims', id)
redis.call('HDEL', run .. ':plan', id)
redis.call('HINCRBY', run, 'synced', 1)
return outcome
