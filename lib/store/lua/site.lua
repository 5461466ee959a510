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

-- include indexes
-- include redirects
-- include things
-- include addresses
-- include removal
-- include draft
local function closeSite()
  for source, book in pairs(books) do closeIndex(source, book) end
  closeRedirects()
end
