-- Writes a draft that was read under `preview:`, with the slugs of its child pages, and ends the
-- work on it.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON; the head of the
-- bundle, the record of the reading. Arguments:
--   lane, token, number   the slice's lease on the work, and the number of the work when it was
--                         claimed
--   id, source, visibility, slug, parent ("": it is a row)
--   parts, prepared (root of the parts' keys), tokens
--   children              {id, observed, slug, flags, payload} of its child pages; flags and
--                         payload: how each is to be read where it has to be
--   databases             {id, flags, payload} of the child databases on it
--   slugs                 slug -> id of the pages that are to have them
--   warnings              as JSON texts
-- Returns {done}, {taken, slugs that other pages have, …}, {send} (the parts are gone), {older}
-- (it stands elsewhere by now, and is read again), {gone} (it is no draft any more), {repeated}
-- (the work is another slice's now) or {lost} (the whole lane is).
-- include begin_change
local head, record = ARGV[2], ARGV[3]
local id, slug, key = args.id, args.slug, 'draft:' .. args.id
-- include note_warnings
if redis.call('HGET', leasesKey, key) ~= args.token then return {'repeated'} end

local seen = seenInDraft(id)
if not seen and not isDraftRow(id) then
  removeDraft(id)
  dropWork(key)
  return {'gone'}
end
seen = seen or observationOf(id)
local isThere = seen.source == args.source and (seen.parent or '') == args.parent
  and (seen.visibility or 'public') == args.visibility
if args.parent ~= '' then isThere = isThere and redis.call('HGET', draftPlacesKey, id) == slug end
if not isThere then
  freeWork(key, nowMs)
  return {'older'}
end
local taken = {'taken'}
for other, holder in pairs(args.slugs) do
  if (redis.call('HGET', draftSlugsKey, other) or holder) ~= holder then
    taken[#taken + 1] = other
  end
end
if #taken > 1 then return taken end
for part = 1, args.parts do -- parts may have been evicted meanwhile
  if redis.call('EXISTS', args.prepared .. ':' .. part) == 0 then return {'send'} end
end

-- The script writes from here on.
local function place(page, at)
  if redis.call('HGET', draftPlacesKey, page) ~= at then leavePreview(page) end
  redis.call('HSET', draftPlacesKey, page, at)
  redis.call('HSET', draftSlugsKey, at, page)
end

local stays = {}
for _, child in ipairs(args.children) do stays[child.id] = true end
local before = decoded(redis.call('HGET', draftsKey, id))
for _, child in ipairs(textsOf(before and before.children)) do
  local known = seenInDraft(child)
  if not stays[child] and known and known.parent == id then removeDraft(child) end
end
place(id, slug)
redis.call('SET', previewKey(slug), head)
placeParts(args.prepared, args.parts, slug, previewPartKey)
redis.call('HSET', previewPathsKey, id, slug)
redis.call('HSET', draftsKey, id, record)
local databases = {}
for number, database in ipairs(args.databases) do databases[number] = database.id end
showInDraft(id, before, databases)
nameFiles(filesKey, namedKey, uncopiedKey, key, args.tokens, 'private')
for _, child in ipairs(args.children) do
  local known = seenInDraft(child.id)
  local isKnown = known and redis.call('HEXISTS', draftsKey, child.id) == 1 and known.parent == id
    and known.source == args.source and (known.visibility or 'public') == args.visibility
    and redis.call('HGET', draftPlacesKey, child.id) == child.slug
  place(child.id, child.slug)
  redis.call('HSET', draftSeenKey, child.id, child.observed)
  if not isKnown then
    askFor(draftKey(child.id), child.flags, child.payload, 0)
  end
end
local isShownAlike = before and (before.visibility or 'public') == args.visibility
for _, database in ipairs(args.databases) do
  local work = draftKey('db:' .. database.id)
  local isKnown = isShownAlike and redis.call('HEXISTS', draftDatabasesKey, database.id) == 1
    and not isDoubted(database)
  if redis.call('HEXISTS', workKey, work) == 1 then
    if isFocused then note('focus', work) end
  elseif not isKnown then
    askFor(work, database.flags, database.payload, 0)
  end
end
endWork(key, args.number, nowMs)
noteWarnings(args.most_warnings, args.warnings)
redis.call('HINCRBY', run, 'synced', 1)
return {'done'}
