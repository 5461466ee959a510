-- Publishes a child database that was read, and ends the work on it.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON, the bundle ("": as
-- published), the record, its table as pages show it ("": in none), and the text forms of pages
-- ("": none). Arguments:
--   lane, token, number  the slice's lease on the work, and the number of the work
--   id, digest, title, tokens, lacking, warnings
--   table, tables        the digest of its table, and the tables as for a page
--   documents            {id, slug, digest, read_at, bytes, is_read} of the pages whose text forms
--                        follow, each made of a bundle of `bytes`; is_read: the page has to be read
--                        for it
--   shown                id -> visibility of the pages that show it ("": not known; nil: not looked
--                        at)
-- Returns done, send, changed (it, or the text forms, are to be made anew), gone (no page shows
-- it), repeated or lost.
-- include begin_change
local text, record, rows = ARGV[2], ARGV[3], ARGV[4]
local thing = 'db:' .. args.id
-- include note_warnings
if redis.call('HGET', leasesKey, thing) ~= args.token then return 'repeated' end
if not isShown(thing) then
  dropWork(thing)
  return 'gone'
end
local before = decoded(redis.call('HGET', databasesKey, args.id))
local isSame = before and before.digest == args.digest and textAt(prefix .. thing)
if text == '' and not isSame then return 'send' end

for _, page in ipairs(args.shown and showing(thing) or {}) do -- these decide its visibility
  local given, seen = args.shown[page], observationOf(page)
  if not given or (given ~= '' and seen and given ~= (seen.visibility or 'public')) then
    return 'changed'
  end
end

-- The pages that show other rows of it than before: their text forms change together with it.
local documents = {}
if args.docs and tableDigest(args.id) ~= args.table then
  if not areTables(args.tables) then return 'changed' end
  local given = {}
  for number, document in ipairs(args.documents) do
    given[document.id], document.text = document, ARGV[4 + number]
  end
  for _, page in ipairs(showing(thing)) do
    local slug, known =
      redis.call('HGET', pathsKey, page), decoded(redis.call('HGET', pagesKey, page)) or {}
    local hasRoom = (tonumber(known.parts) or 0) == 0
    if slug and hasRoom and redis.call('SISMEMBER', stillKey, page) == 0 then
      local document = given[page]
      local isMade = document and document.slug == slug and document.digest == known.digest
        and document.read_at == known.read_at
      if not isMade
        or (not document.is_read and #(textAt(pageKey(slug)) or '') ~= document.bytes) then
        return 'changed'
      end
      documents[#documents + 1] = document
    end
  end
end

redis.call('HSET', databasesKey, args.id, record)
if text ~= '' then
  nameFiles(filesKey, namedKey, uncopiedKey, thing, args.tokens, args.lacking)
  redis.call('SET', prefix .. thing, text)
  if not isSame then
    noteChange(thing)
    redis.call('HINCRBY', run, 'written', 1)
    -- The pages that show it show its title.
    if before and before.title ~= args.title then dueShowing(thing, nowMs, 0) end
    for _, page in ipairs(showing(thing)) do
      local slug = redis.call('HGET', pathsKey, page)
      if slug then noteChange('page:' .. slug) end
    end
  end
end
for _, document in ipairs(documents) do
  if document.is_read then
    askFor(document.id, 'r', '{}', nowMs)
  else
    if document.text == '' then redis.call('DEL', docKey(document.slug))
    else redis.call('SET', docKey(document.slug), document.text) end
    noteChange('page:' .. document.slug)
  end
end
if rows == '' then redis.call('HDEL', tablesKey, args.id)
else redis.call('HSET', tablesKey, args.id, rows) end
endWork(thing, args.number, nowMs)
noteWarnings(args.most_warnings, args.warnings)
return 'done'
