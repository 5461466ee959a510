-- Publishes a page that was read, at its slug, in the index of its source, with all that this moves
-- or removes elsewhere, and ends the work on it. It does all of that or nothing.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON; the head of the
-- bundle ("": as published), its meta, its text form ("": none), the record of the reading, the
-- observation. Arguments:
--   lane, token            the slice's lease on the work
--   retry                  {number, insists, flags, payload}: the number of the work when it was
--                          claimed, and how it is done again where this reading is too old;
--                          insists: what is remembered as newer is not to be believed, because
--                          several readings in a row were older
--   id, slug, source, visibility, sort (of its index; "": a child page), stamp
--   parent, placed_at      where it stands ("": it is a row), and when that was seen
--   before                 source, parent and visibility of a child page when its reading began
--   edited, read_at        of this reading (epoch seconds, as the next two)
--   page_read_at           when its page object was read
--   settled_at             a reading from then on shows that edit
--   digest, parts, prepared (root of the parts' keys), tokens, lacking, things
--   tables                 id -> digest, the tables of child databases in its text form
--   slugs, places, waited  what the addresses were planned from: slug -> id, id -> slug, slug ->
--                          ids that wait ("": nothing)
--   assumed                slugs for which no page may wait
--   moves                  {id, from, to} of this page and of others
--   waiting                slug -> ids of the pages that ask for it while another has it ("": none)
--   children               {id, observed, known} of child pages; known: read_at and placed_at of
--                          what was remembered
--   work                   {key, flags, payload} of what is to be read
--   gone                   pages that have left it and are nowhere else
--   warnings               as JSON texts
-- Returns {outcome, numbers of the work that was not asked for before (JSON, by key; only where it
-- is done), slugs that became free and are waited for, …}. Outcomes: done, older (a newer look is
-- remembered), changed (the addresses have to be planned anew), send (the bundle is needed after
-- all), gone (nothing shows the page any more), repeated (the work is another slice's now), lost
-- (the whole lane is).
-- include begin_change
local head, meta, doc, record, observed = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local id, slug = args.id, args.slug
-- include newer
-- include note_warnings
if redis.call('HGET', leasesKey, id) ~= args.token then return withFreed({'repeated', '{}'}) end

local known = observationOf(id)
local before = decoded(redis.call('HGET', pagesKey, id))
if not known then return {'gone'} end
local parent = type(known.parent) == 'string' and known.parent or ''
local wasThere = parent ~= args.parent and (tonumber(known.placed_at) or 0) > args.placed_at
local isElsewhere = #args.before > 0
  and (known.source ~= args.before[1] or parent ~= args.before[2]
    or (known.visibility or 'public') ~= args.before[3])
local isOld = isNewer(before, args.edited, args.read_at)
  or isNewer(known, args.edited, args.page_read_at)
if isElsewhere or (not args.retry.insists and (wasThere or isOld)) then
  readAgain(id, args.retry, nowMs)
  return {'older'}
end
if not areAddresses(args) then return {'changed'} end
for _, other in ipairs(args.assumed) do
  if redis.call('HEXISTS', waitingKey, other) == 1 then return {'changed'} end
end
local isSame = before and before.digest == args.digest and redis.call('HEXISTS', pathsKey, id) == 1
local place = redis.call('HGET', placesKey, id)
if head == '' and not (isSame and place and textAt(pageKey(place))) then return {'send'} end
if not areTables(args.tables) then return {'changed'} end
for _, child in ipairs(args.children) do
  local was = observationOf(child.id)
  for number, name in ipairs({'read_at', 'placed_at'}) do
    local at = was and type(was[name]) == 'number' and was[name] or 0
    if was and #child.known > 0 and at ~= child.known[number] then return {'changed'} end
  end
end
for part = 1, args.parts do -- parts may have been evicted meanwhile
  if redis.call('EXISTS', args.prepared .. ':' .. part) == 0 then return {'send'} end
end

-- The script writes from here on.
local published = redis.call('HGET', pathsKey, id)
local refsBefore = head ~= '' and published and publishedRefs(id, published)
for _, page in ipairs(args.gone) do
  forgetPage(page)
  removeTree(page)
end
remember(id, observed)
for _, child in ipairs(args.children) do
  local was = observationOf(child.id)
  -- It was a row.
  if was and was.parent == nil then redis.call('HDEL', stampsKey(was.source), child.id) end
  remember(child.id, child.observed)
end
movePages(args.moves, head ~= '' and id or '')

local isListed = redis.call('HEXISTS', pathsKey, id) == 1
  and redis.call('HEXISTS', childrenKey, id) == 0
redis.call('HSET', pagesKey, id, record)
redis.call('HDEL', outsideKey, 'page:' .. id)
local settled = {id}
for _, child in ipairs(args.children) do settled[#settled + 1] = child.id end
for _, page in ipairs(settled) do
  for _, one in ipairs(settleStill(page)) do
    if one ~= id then askFor(one, '-', '{}', nowMs) end
  end
end
if known.source ~= args.source or args.sort == '' then
  redis.call('HDEL', stampsKey(known.source), id)
end
if args.sort == '' then
  redis.call('HSET', childrenKey, id, args.stamp)
  leaveIndex(id, isListed)
else
  redis.call('HDEL', childrenKey, id)
  redis.call('HSET', stampsKey(args.source), id, args.stamp)
end
if head ~= '' then
  local isNews = not (isSame and textAt(pageKey(slug)))
  redis.call('SET', pageKey(slug), head)
  placeParts(args.prepared, args.parts, slug, partKey)
  if doc == '' then redis.call('DEL', docKey(slug)) else redis.call('SET', docKey(slug), doc) end
  redis.call('HSET', metasKey, id, meta)
  leadTo(id, refsBefore, refsText(function(first, last)
    return string.sub(head, first + 1, last + 1)
  end, #meta))
  if redis.call('HSET', pathsKey, id, slug) == 1 then noteRelinked(id) end
  endRedirect(slug)
  nameFiles(filesKey, namedKey, uncopiedKey, 'page:' .. id, args.tokens, args.lacking)
  if isNews then
    noteChange('page:' .. slug)
    redis.call('HINCRBY', run, 'written', 1)
  end
end
if args.sort ~= ''
  and (head ~= '' or redis.call('HGET', ranksKey, id) ~= args.sort .. ' ' .. args.source) then
  enterIndex(id, args.source, args.sort, isListed)
end
showThings(id, before, args.things)
local isFirstSure = before and before.edited_at == args.edited
  and (tonumber(before.read_at) or 0) < args.settled_at and args.read_at >= args.settled_at
-- No look has made these due for that edit, or for a later one in the same minute.
if (tonumber(known.edited_at) or 0) < args.edited or isFirstSure then
  dueShowing('page:' .. id, nowMs, args.settled_at)
end
if args.parent ~= '' then dueTitle(id, known, decoded(observed)) end
if redis.call('SISMEMBER', stillKey, id) == 0 then removeDraft(id) end
keepWaiting(args.waiting)

local numbers = {}
for _, work in ipairs(args.work) do
  local database = string.match(work.key, '^db:(.*)$')
  local held = database and decoded(redis.call('HGET', databasesKey, database))
  local isKnown = held and before and (before.visibility or 'public') == args.visibility
    and (not args.docs or tableDigest(database) ~= '') and not isDoubted(work)
  local isWaiting = redis.call('HEXISTS', workKey, work.key) == 1
  if isWaiting and not database then -- a reading under way began before this was known
    addWork(work.key, work.flags, work.payload, 0)
  elseif not isWaiting and not isKnown then
    -- It comes before what was listed: more may be found behind it.
    numbers[work.key] = addWork(work.key, work.flags, work.payload, 0)
  end
  if isFocused and redis.call('HEXISTS', workKey, work.key) == 1 then note('focus', work.key) end
end
endWork(id, args.retry.number, nowMs)
redis.call('HDEL', engineKey('tries'), id)
redis.call('HDEL', engineKey('overdue'), id)
noteWarnings(args.most_warnings, args.warnings)
redis.call('HINCRBY', run, 'synced', 1)
closeSite()
-- cjson may write an empty table as a list.
return withFreed({'done', next(numbers) and cjson.encode(numbers) or '{}'})
