-- What a site reads, and what is remembered of it. Every change of both uses these functions.
-- Needs: `prefix` of all keys, `run` (root of a run's keys; "": none is concerned), `now` (ISO),
-- `mostItems` of an index page, `mostBytes` of any value, `ttl` (s) of what a run keeps, `nowMs`,
-- `isFocused` (the run is about certain pages only). Call `closeSite` once at the end.
-- include name_files
-- include replace_words
-- include due
-- include refs
local function engineKey(name) return prefix .. 'sync:' .. name end
local pagesKey, observedKey, placesKey =
  engineKey('pages'), engineKey('observed'), engineKey('places')
local slugsKey, waitingKey, metasKey = engineKey('slugs'), engineKey('waiting'), engineKey('metas')
local ranksKey, leavesKey, redirectsKey =
  engineKey('ranks'), engineKey('leaves'), engineKey('redirects')
local childrenKey, outsideKey, databasesKey =
  engineKey('children'), engineKey('outside'), engineKey('databases')
local pathsKey, stillKey, showsKey = prefix .. 'paths', engineKey('still'), engineKey('shows')
local momentsKey = engineKey('moments')
-- include shown
local tablesKey = engineKey('tables')
local filesKey, namedKey, uncopiedKey =
  engineKey('files'), engineKey('files:named'), engineKey('files:uncopied')
local SORT_DIGITS = 48
local AT_ONCE = 500 -- fields of one HMGET: Upstash's `unpack` ends near 5,000
local BESIDE_ITEMS = 128 -- bytes of an index page that are none of its items
local ENDING_BYTES = 160 -- more than a leaf has behind its items

local function pageKey(slug) return prefix .. 'page:' .. slug end
local function docKey(slug) return prefix .. 'doc:' .. slug end
local function partKey(slug, number) return prefix .. 'page:' .. slug .. ':part:' .. number end

-- Removes the parts of a bundle from number `part` on. `keyOf` names a part's key.
local function dropParts(slug, part, keyOf)
  while redis.call('DEL', keyOf(slug, part)) == 1 do part = part + 1 end
end

-- Puts the prepared parts of a bundle in their places, and removes what stood beyond them.
local function placeParts(prepared, count, slug, keyOf)
  for part = 1, count do
    redis.call('RENAME', prepared .. ':' .. part, keyOf(slug, part))
    redis.call('PERSIST', keyOf(slug, part)) -- RENAME keeps the expiry
  end
  dropParts(slug, count + 1, keyOf)
end

local function leafKey(source, number)
  return prefix .. source .. ':index' .. (number > 1 and ':' .. number or '')
end
local function orderKey(source) return engineKey('order:' .. source) end
local function stampsKey(source) return engineKey('stamps:' .. source) end

-- include decoded

-- Returns whether work is on a thing that could not be read although the page around it shows it.
-- The work finds that out, or reports it.
local function isDoubted(work) return (decoded(work.payload) or {}).is_doubted == true end

-- Remembers what Notion said of a page, and when that changes by itself.
local function remember(id, text)
  redis.call('HSET', observedKey, id, text)
  local moment =
    string.find(text, '"changes_at":', 1, true) and tonumber((decoded(text) or {}).changes_at) or 0
  if moment > 0 then
    redis.call('ZADD', momentsKey, string.format('%.0f', math.ceil(moment) * 1000), id)
  else
    redis.call('ZREM', momentsKey, id)
  end
end

-- Returns what Notion said last of a page; nil where that is not known.
local function observationOf(id)
  local seen = decoded(redis.call('HGET', observedKey, id))
  return seen and type(seen.source) == 'string' and seen or nil
end

-- Returns the digest of the table that pages show of a child database; '' for none.
local function tableDigest(database)
  return string.match(redis.call('HGET', tablesKey, database) or '', '^(%x+) {') or ''
end

-- Returns whether the tables of child databases are still those of which the text of a page was
-- made: id -> digest.
local function areTables(digests)
  for database, digest in pairs(digests) do
    if tableDigest(database) ~= digest then return false end
  end
  return true
end

-- Returns whether a text is the meta of this page, as it begins and ends.
local function isMetaOf(id, text)
  local begins = '{"id":"' .. id .. '"'
  return text and string.sub(text, 1, #begins) == begins and string.sub(text, -1) == '}'
end

local function textAt(key)
  return redis.call('TYPE', key).ok == 'string' and redis.call('GET', key) or nil
end

-- Returns a slug as JSON. No slug has a character that JSON would escape.
local function quoted(slug) return '"' .. slug .. '"' end

-- Notes what a run changed, by the names without the prefix.
local function note(kind, name)
  if run == '' then return end
  redis.call('SADD', run .. ':' .. kind, name)
  redis.call('EXPIRE', run .. ':' .. kind, ttl)
end

local function noteChange(name)
  note('changed', name)
  if run == '' then return end
  redis.call('SREM', run .. ':removed', name)
  if not string.find(name, '^page:') then redis.call('HINCRBY', run, 'touched', 1) end
end

local function noteRemoval(name)
  note('removed', name)
  if run ~= '' then redis.call('SREM', run .. ':changed', name) end
end

-- Notes that a page has appeared, moved or gone: the site is notified of the pages that lead to it
-- (referrers.lua).
local function noteRelinked(id)
  if run ~= '' and redis.call('EXISTS', referrersKey(id)) == 1 then note('relinked', id) end
end

-- Adds work that the run goes on to do, where it is about certain pages only.
local function askFor(key, flags, payload, at)
  addWork(key, flags, payload, at)
  if isFocused then note('focus', key) end
end

local function isShown(thing) return #showing(thing, 1) > 0 end

-- Makes pages due that show a thing (an original, a child database, a page that can't be read),
-- except those that stay as they are, and those that were read at `settledAt` (epoch seconds; 0:
-- not known) or later.
local function dueShowing(thing, at, settledAt)
  for _, id in ipairs(showing(thing)) do
    local text = redis.call('HGET', pagesKey, id)
    local record = decoded(text)
    local isFresh = record and settledAt > 0 and (tonumber(record.read_at) or 0) >= settledAt
    if text and not isFresh and redis.call('SISMEMBER', stillKey, id) == 0 then
      askFor(id, 'o', '{}', at)
    end
  end
end

-- Returns whether a page is published with a child page of this title.
local function showsTitle(id, child, title)
  local meta = decoded(redis.call('HGET', metasKey, id))
  for _, one in ipairs(meta and type(meta.childPages) == 'table' and meta.childPages or {}) do
    if one.id == child and one.title == title then return true end
  end
  return false
end

-- Makes the page due that shows a child page under the title which it had before. One that is due
-- already is published with what is remembered of its child pages by then.
local function dueTitle(id, before, seen)
  local parent = seen.parent
  if not before or before.parent ~= parent or before.title == seen.title then return end
  if redis.call('HEXISTS', workKey, parent) == 1
    or redis.call('HEXISTS', pagesKey, parent) == 0 then
    return
  end
  if redis.call('SISMEMBER', stillKey, parent) == 1 or showsTitle(parent, id, seen.title) then
    return
  end
  askFor(parent, '-', '{}', nowMs)
end

-- Lets a page stay as it is, with all that stands below it, or go on. Returns the pages that this
-- concerns.
local function setStill(id, isStill)
  local ahead, found = {id}, {}
  while #ahead > 0 do
    local one = table.remove(ahead)
    found[#found + 1] = one
    redis.call(isStill and 'SADD' or 'SREM', stillKey, one)
    if isStill then dropWork(one) end
    local record = decoded(redis.call('HGET', pagesKey, one)) or {}
    for _, child in ipairs(textsOf(record.children)) do
      local seen = observationOf(child)
      if seen and seen.parent == one then ahead[#ahead + 1] = child end
    end
  end
  return found
end

-- Settles whether a page stays as it is: one that is paused and published does, and so does what
-- stands in a page that does. Where a page stands decides, and not where it stood. Returns the
-- pages that go on by this.
local function settleStill(id)
  local seen = observationOf(id) or {}
  local isStill
  if type(seen.parent) == 'string' then
    isStill = redis.call('SISMEMBER', stillKey, seen.parent) == 1
  else
    isStill = seen.is_paused == true and redis.call('HEXISTS', pagesKey, id) == 1
  end
  if isStill == (redis.call('SISMEMBER', stillKey, id) == 1) then return {} end
  local found = setStill(id, isStill)
  return isStill and {} or found
end

-- Indexes: the rows of a source in the order of their sort texts, shared out among leaves. A leaf
-- is written from what is remembered of its rows, so it is right whatever stood there before.

local books = {}

local function bookOf(source)
  local book = books[source]
  if not book then
    book = {counts = {}, dirty = {}, shifted = false}
    for count in string.gmatch(redis.call('HGET', leavesKey, source) or '', '%d+') do
      book.counts[#book.counts + 1] = tonumber(count)
    end
    book.before = #book.counts
    books[source] = book
  end
  return book
end

local function leafAt(book, rank)
  local first = 0
  for number, count in ipairs(book.counts) do
    if rank < first + count then return number end
    first = first + count
  end
  return math.max(1, #book.counts)
end

-- Returns the sort text and the source of a row; nil for none.
local function rankOf(id)
  local sort, source = string.match(redis.call('HGET', ranksKey, id) or '', '^(%S+) (.*)$')
  if sort and string.sub(sort, SORT_DIGITS + 1) == id then return sort, source end
end

-- Returns where a row stands in an index, found by its id alone: the sort text, the source, the
-- rank; nil where it is in none.
local function searchedFor(id)
  for _, source in ipairs(redis.call('HKEYS', leavesKey)) do
    local first = 0
    repeat
      local sorts = redis.call('ZRANGE', orderKey(source), first, first + AT_ONCE - 1)
      for number, sort in ipairs(sorts) do
        if string.sub(sort, SORT_DIGITS + 1) == id then return sort, source, first + number - 1 end
      end
      first = first + AT_ONCE
    until #sorts < AT_ONCE
  end
end

-- Takes a row from its index. `isListed`: it stands in one, also where its rank is lost or is
-- another's.
local function leaveIndex(id, isListed)
  local sort, source = rankOf(id)
  local at = sort and redis.call('ZRANK', orderKey(source), sort)
  if not at and isListed then sort, source, at = searchedFor(id) end
  redis.call('HDEL', ranksKey, id)
  if not at then return nil end
  local book = bookOf(source)
  local leaf = leafAt(book, at)
  redis.call('ZREM', orderKey(source), sort)
  book.counts[leaf] = math.max(0, (book.counts[leaf] or 1) - 1)
  book.dirty[leaf] = true
  return {source = source, sort = sort, leaf = leaf}
end

local function enterIndex(id, source, sort, isListed)
  local rank = redis.call('HGET', ranksKey, id)
  local book = bookOf(source)
  if rank == sort .. ' ' .. source then
    local at = redis.call('ZRANK', orderKey(source), sort)
    if at then
      book.dirty[leafAt(book, at)] = true
      return
    end
  end
  local left = leaveIndex(id, isListed)
  redis.call('ZADD', orderKey(source), 0, sort)
  redis.call('HSET', ranksKey, id, sort .. ' ' .. source)
  local at = redis.call('ZRANK', orderKey(source), sort)
  if #book.counts == 0 then book.counts[1] = 0 end
  local leaf = at == 0 and 1 or leafAt(book, at - 1)
  book.counts[leaf] = book.counts[leaf] + 1
  book.dirty[leaf] = true
  if left and left.source == source and left.leaf ~= leaf then book.shifted = true end
end

-- Makes the index show a page that changed in place.
local function refreshIndex(id)
  local sort, source = rankOf(id)
  if not sort then return end
  local at = redis.call('ZRANK', orderKey(source), sort)
  if at then
    local book = bookOf(source)
    book.dirty[leafAt(book, at)] = true
  end
end

-- Returns the metas of rows that follow each other; '' for one that has none.
local function metasOf(source, first, count)
  local texts = {}
  while count > 0 do
    local some = math.min(count, AT_ONCE)
    local ids = {}
    for _, sort in ipairs(redis.call('ZRANGE', orderKey(source), first, first + some - 1)) do
      ids[#ids + 1] = string.sub(sort, SORT_DIGITS + 1)
    end
    if #ids > 0 then
      for number, meta in ipairs(redis.call('HMGET', metasKey, unpack(ids))) do
        texts[#texts + 1] = isMetaOf(ids[number], meta) and meta or ''
      end
    end
    first, count = first + some, count - some
  end
  return texts
end

local function bytesOf(texts, from, to)
  local bytes = 0
  for at = from, to do bytes = bytes + #texts[at] + 1 end -- with a comma
  return bytes
end

-- Returns whether rows fit into one leaf. A single row always does, for its bundle is bounded too.
local function fitsLeaf(texts, from, to)
  return to <= from or bytesOf(texts, from, to) <= mostBytes - BESIDE_ITEMS
end

-- Adds to `counts` how many rows stand on each of the leaves that take these ones. The leaves are
-- halves of like size in bytes, so that there is room in each for more.
local function shareOut(texts, from, to, counts)
  if fitsLeaf(texts, from, to) then
    counts[#counts + 1] = to - from + 1
    return
  end
  local half, last, bytes = bytesOf(texts, from, to) / 2, from, #texts[from] + 1
  while last + 1 < to and bytes + #texts[last + 1] < half do
    last = last + 1
    bytes = bytes + #texts[last] + 1
  end
  shareOut(texts, from, last, counts)
  shareOut(texts, last + 1, to, counts)
end

-- Returns how a leaf ends behind its items.
local function leafEnding(book, number, total, revision, time)
  local ending = '],"syncedAt":"' .. time .. '"'
  if number == 1 then ending = ending .. ',"total":' .. total end
  if #book.counts > 1 then
    if number == 1 then ending = ending .. ',"pages":' .. #book.counts end
    ending = ending .. ',"revision":"' .. revision .. '"'
  end
  return ending .. '}'
end

-- Writes a leaf. A leaf is large, and Lua hashes each string that it makes. So the text is put
-- together at once, and what stands there is only read where its length leaves it open whether the
-- leaf has changed.
local function writeLeaf(source, book, number, texts, total, revision)
  local items = {}
  for _, meta in ipairs(texts) do
    if meta ~= '' then items[#items + 1] = meta end
  end
  items[1] = '{"items":[' .. (items[1] or '')
  local last = items[#items]
  local function leafText(time)
    items[#items] = last .. leafEnding(book, number, total, revision, time)
    return table.concat(items, ',')
  end
  local key, text = leafKey(source, number), leafText(now)
  local before = redis.call('TYPE', key).ok == 'string'
    and redis.call('STRLEN', key) == #text and redis.call('GET', key)
  local time = before
    and string.match(string.sub(before, -ENDING_BYTES), '%],"syncedAt":"([^"]*)"[^%]]*$')
  if not time or before ~= leafText(time) then
    noteChange(source .. ':index' .. (number > 1 and ':' .. number or ''))
  end
  redis.call('SET', key, text)
end

-- Ends a leaf anew whose rows stay as they are. The first leaf has changed where its ending says
-- something else. Returns whether it could: the leaf may end in another form, or in more bytes.
local function endLeaf(source, book, number, total, revision)
  local key = leafKey(source, number)
  local tail = redis.call('TYPE', key).ok == 'string'
    and redis.call('GETRANGE', key, -ENDING_BYTES, -1) or ''
  local before, time = string.match(tail, '(%],"syncedAt":"([^"]*)"[^%]]*})$')
  local ending = leafEnding(book, number, total, revision, now)
  if not before or #before > #ending then return false end
  if number == 1 and before ~= leafEnding(book, number, total, revision, time) then
    noteChange(source .. ':index')
  end
  redis.call('SETRANGE', key, redis.call('STRLEN', key) - #before, ending)
  return true
end

-- Returns how large each leaf is as it stands written (0: it is empty), and all of them together.
local function leafSizes(source, counts)
  local sizes, all = {}, 0
  for number, count in ipairs(counts) do
    local key = leafKey(source, number)
    local isThere = count > 0 and redis.call('TYPE', key).ok == 'string'
    sizes[number] = isThere and redis.call('STRLEN', key) or 0
    all = all + sizes[number]
  end
  return sizes, all
end

-- Splits leaves of too many rows and joins short neighbours. Returns the first leaf that holds
-- other rows now; nil for none. What stands written decides whether neighbours are small enough:
-- where rows have grown meanwhile, `cutLeaves` divides them.
local function settleLeaves(source, book, total)
  local counts, moved = book.counts, nil
  local sizes, all = leafSizes(source, counts)
  local roomItems, roomBytes = mostItems * 4 / 5, mostBytes * 4 / 5
  if #counts > 1 and total <= mostItems and all <= roomBytes then
    book.counts = {total}
    return 1
  end
  local number = 1
  while number <= #counts do
    local count, after = counts[number], counts[number + 1]
    if count > mostItems then
      local half = math.floor(count / 2)
      counts[number], sizes[number] = half, sizes[number] / 2
      table.insert(counts, number + 1, count - half)
      table.insert(sizes, number + 1, sizes[number])
      moved = moved or number
    elseif after and (count * after == 0
      or (count + after <= roomItems and sizes[number] + sizes[number + 1] <= roomBytes)) then
      counts[number], sizes[number] = count + after, sizes[number] + sizes[number + 1]
      table.remove(counts, number + 1)
      table.remove(sizes, number + 1)
      moved = moved or number
    else
      number = number + 1
    end
  end
  return moved
end

-- Divides leaves that are too large for one value, from leaf `from` on, whose first row has the
-- rank `first`.
local function cutLeaves(source, book, from, first)
  local counts = {}
  for number, count in ipairs(book.counts) do
    if number < from then counts[number] = count
    else
      shareOut(metasOf(source, first, count), 1, count, counts)
      first = first + count
    end
  end
  book.counts = counts
end

-- Gives all leaves another revision, and returns it. Those from `from` on hold other rows than
-- before.
local function shiftLeaves(source, book, from)
  for number = from, #book.counts do book.dirty[number] = true end
  book.shifted = true
  local revision = string.format('%016x', redis.call('INCR', engineKey('sequence')))
  redis.call('HSET', engineKey('revisions'), source, revision)
  return revision
end

-- Writes the leaves that changed. Stops at one that is too large for one value, and returns its
-- number and the rank of its first row.
local function writeLeaves(source, book, total, revision)
  local first = 0
  for number, count in ipairs(book.counts) do
    local endsAnew = number == 1 or book.shifted -- the first has the total, all have the revision
    if book.dirty[number] or (endsAnew and not endLeaf(source, book, number, total, revision)) then
      local texts = metasOf(source, first, count)
      if not fitsLeaf(texts, 1, #texts) then return number, first end
      writeLeaf(source, book, number, texts, total, revision)
      book.dirty[number] = nil
    end
    first = first + count
  end
end

local function closeIndex(source, book)
  local total = 0
  for _, count in ipairs(book.counts) do total = total + count end
  local real = redis.call('ZCARD', orderKey(source))
  if real ~= total then -- the list of leaves was lost, or another program wrote there
    total, book.counts, book.all = real, {real}, true
  end
  local moved = settleLeaves(source, book, total)
  if #book.counts == 0 then book.counts[1] = 0 end
  local revision = redis.call('HGET', engineKey('revisions'), source)
  if book.all or book.shifted or moved or not revision then
    revision = shiftLeaves(source, book, book.all and 1 or moved or #book.counts + 1)
  end
  local large, first = writeLeaves(source, book, total, revision)
  if large then
    cutLeaves(source, book, large, first)
    writeLeaves(source, book, total, shiftLeaves(source, book, large))
  end
  for gone = #book.counts + 1, book.before do
    redis.call('DEL', leafKey(source, gone))
    noteRemoval(source .. ':index' .. (gone > 1 and ':' .. gone or ''))
  end
  redis.call('HSET', leavesKey, source, table.concat(book.counts, ','))
end

-- Redirects: each slug that a page has left leads to the page's id, and so to where it stands now.

local redirectsChanged = false

local function redirect(slug, id)
  redis.call('HSET', redirectsKey, slug, id)
  redirectsChanged = true
end

local function endRedirect(slug)
  if redis.call('HDEL', redirectsKey, slug) == 1 then redirectsChanged = true end
end

local function closeRedirects()
  if not redirectsChanged then return end
  local all = redis.call('HGETALL', redirectsKey)
  local members = {}
  for i = 1, #all, 2 do
    local slug = redis.call('HGET', pathsKey, all[i + 1])
    if slug then members[#members + 1] = quoted(all[i]) .. ':' .. quoted(slug)
    elseif redis.call('HEXISTS', pagesKey, all[i + 1]) == 0 then
      redis.call('HDEL', redirectsKey, all[i])
    end
  end
  local text = '{' .. table.concat(members, ',') .. '}'
  if text == textAt(prefix .. 'redirects') then return end
  redis.call('SET', prefix .. 'redirects', text)
  noteChange('redirects')
end

-- Which pages show which things.

local function forgetThing(id, thing, visibility)
  redis.call('ZREM', showsKey, thing .. ' ' .. id)
  local database = string.match(thing, '^db:(.*)$')
  if isShown(thing) then
    if database and visibility ~= 'public' then
      addWork(thing, '-', '{}', nowMs) -- it may be less hidden now
    end
    return
  end
  redis.call('HDEL', outsideKey, thing)
  if database then
    if redis.call('DEL', prefix .. 'db:' .. database) == 1 then noteRemoval(thing) end
    redis.call('HDEL', databasesKey, database)
    redis.call('HDEL', tablesKey, database)
    nameFiles(filesKey, namedKey, uncopiedKey, thing, '', '0')
    dropWork(thing)
  end
end

-- Notes that a page shows these things from now on, and no others that its record names.
local function showThings(id, record, things)
  local kept = {}
  for _, thing in ipairs(things) do
    kept[thing] = true
    redis.call('ZADD', showsKey, 0, thing .. ' ' .. id)
    local page = string.match(thing, '^page:(.*)$')
    local isKnown = page and redis.call('HEXISTS', observedKey, page) == 1
    local isListed = isKnown and not redis.call('ZSCORE', engineKey('gone'), page)
    if not isListed and not string.find(thing, '^db:') then
      redis.call('HSETNX', outsideKey, thing, '')
    end
  end
  for _, thing in ipairs(textsOf(record and record.things)) do
    if not kept[thing] then forgetThing(id, thing, record.visibility or 'public') end
  end
end

-- Addresses.

-- Returns whether the values of a hash are still those from which something was planned ('': there
-- was none).
local function areHeld(key, values)
  for field, value in pairs(values) do
    if (redis.call('HGET', key, field) or '') ~= value then return false end
  end
  return true
end

-- Returns whether slugs, pages and those that wait are still what addresses were planned from. A
-- slug for which a page is to wait may have become free meanwhile, when no page waited for it, or
-- another page may have begun to wait. A page may also have begun to wait for a slug that is left.
local function areAddresses(planned)
  for slug, line in pairs(planned.waited) do
    local ids = {}
    for id in string.gmatch(redis.call('HGET', waitingKey, slug) or '', '%S+') do
      ids[#ids + 1] = id
    end
    if table.concat(ids, ' ') ~= line then return false end
  end
  return areHeld(slugsKey, planned.slugs) and areHeld(placesKey, planned.places)
end

-- Keeps which pages ask for slugs while others have them: slug -> ids ('': none).
local function keepWaiting(waiting)
  for slug, ids in pairs(waiting) do
    if ids == '' then redis.call('HDEL', waitingKey, slug)
    else redis.call('HSET', waitingKey, slug, ids) end
  end
end

local function renameBundle(from, to)
  for _, kind in ipairs({pageKey, docKey}) do
    if redis.call('EXISTS', kind(from)) == 1 then redis.call('RENAME', kind(from), kind(to)) end
  end
  local part = 1
  while redis.call('EXISTS', partKey(from, part)) == 1 do
    redis.call('RENAME', partKey(from, part), partKey(to, part))
    part = part + 1
  end
end

-- Moves pages to other slugs, chains and swaps too. A move: {id, from, to}; from "": the page had
-- no slug. What stands published moves along. `rewritten` is the page whose bundle is written anew
-- right after. A bundle names its page and its child pages as `"id":"…","slug":"…"`, and so
-- does what else shows them.
local function movePages(moves, rewritten)
  local published, parents = {}, {}
  for number, move in ipairs(moves) do
    if move.from ~= '' and redis.call('HGET', slugsKey, move.from) == move.id then
      redis.call('HDEL', slugsKey, move.from)
    end
  end
  for number, move in ipairs(moves) do
    if move.from ~= '' and redis.call('HGET', pathsKey, move.id) == move.from then
      published[number] = true
      renameBundle(move.from, ':' .. number) -- aside: no slug begins with a colon
      noteRemoval('page:' .. move.from)
    end
  end
  local words = {}
  for number, move in ipairs(moves) do
    redis.call('HSET', slugsKey, move.to, move.id)
    redis.call('HSET', placesKey, move.id, move.to)
    endRedirect(move.to)
    if move.from ~= '' then
      words[#words + 1] = {
        '"id":"' .. move.id .. '","slug":' .. quoted(move.from),
        '"id":"' .. move.id .. '","slug":' .. quoted(move.to),
      }
    end
    if published[number] then
      renameBundle(':' .. number, move.to)
      redis.call('HSET', pathsKey, move.id, move.to)
      noteChange('page:' .. move.to)
      noteRelinked(move.id)
    end
    local observed = observationOf(move.id)
    parents[move.id] = true
    if observed and type(observed.parent) == 'string' then parents[observed.parent] = true end
  end
  for number, move in ipairs(moves) do
    if published[number] and redis.call('HEXISTS', slugsKey, move.from) == 0 then
      redirect(move.from, move.id)
    end
  end
  if next(published) and redis.call('HLEN', redirectsKey) > 0 then
    redirectsChanged = true -- redirects follow their pages
  end
  for id in pairs(parents) do
    local slug = redis.call('HGET', pathsKey, id)
    if slug and id ~= rewritten then
      for _, key in ipairs({pageKey(slug), docKey(slug)}) do
        local text = textAt(key)
        if text then redis.call('SET', key, (replaceWords(text, words))) end
      end
      local meta = redis.call('HGET', metasKey, id)
      if meta then
        redis.call('HSET', metasKey, id, (replaceWords(meta, words)))
        refreshIndex(id)
      end
      noteChange('page:' .. slug)
    end
  end
end

-- Removal.

local function removeFiles(id)
  nameFiles(filesKey, namedKey, uncopiedKey, 'page:' .. id, '', '0')
end

-- Takes a page from the site and forgets it. The caller may go on remembering what it is at Notion.
local function removePage(id)
  local published = redis.call('HGET', pathsKey, id)
  local slug = published or redis.call('HGET', placesKey, id)
  local record = decoded(redis.call('HGET', pagesKey, id)) or {}
  leaveIndex(id, published and redis.call('HEXISTS', childrenKey, id) == 0)
  if published then
    leadTo(id, publishedRefs(id, published), '')
    noteRelinked(id)
    redis.call('DEL', pageKey(published), docKey(published))
    dropParts(published, 1, partKey)
    redis.call('HDEL', pathsKey, id)
    noteRemoval('page:' .. published)
    if run ~= '' then redis.call('HINCRBY', run, 'deleted', 1) end
    if redis.call('HLEN', redirectsKey) > 0 then redirectsChanged = true end
  end
  redis.call('HDEL', placesKey, id)
  if slug and redis.call('HGET', slugsKey, slug) == id then redis.call('HDEL', slugsKey, slug) end
  for _, key in ipairs({pagesKey, metasKey, childrenKey}) do redis.call('HDEL', key, id) end
  redis.call('SREM', stillKey, id)
  showThings(id, record, {})
  removeFiles(id)
  dropWork(id)
  dueShowing('page:' .. id, nowMs, 0)
  return textsOf(record.children), slug
end

-- Watches a page that no listing shows from now on, as long as others show it.
local function watchGone(id)
  if isShown('page:' .. id) then
    redis.call('HSETNX', outsideKey, 'page:' .. id, string.format('since %.3f ', nowMs / 1000))
  end
end

local function forgetPage(id)
  redis.call('HDEL', observedKey, id)
  redis.call('ZREM', momentsKey, id)
  watchGone(id)
end

-- Adds to an answer all slugs that became free while others waited for them, also those of an
-- answer that was lost. The caller gives them away.
local function withFreed(answer)
  for _, slug in ipairs(redis.call('SMEMBERS', engineKey('freed'))) do
    answer[#answer + 1] = slug
  end
  return answer
end

local function removeTree(id)
  local ahead = {id}
  while #ahead > 0 do
    local one = table.remove(ahead)
    local children, slug = removePage(one)
    if slug and redis.call('HEXISTS', waitingKey, slug) == 1 then
      redis.call('SADD', engineKey('freed'), slug) -- until it is given away
    end
    for _, child in ipairs(children) do
      local observed = observationOf(child)
      if observed and observed.parent == one then
        forgetPage(child)
        ahead[#ahead + 1] = child
      end
    end
  end
end

-- include draft
local function closeSite()
  for source, book in pairs(books) do closeIndex(source, book) end
  closeRedirects()
end
