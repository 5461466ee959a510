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
