-- Finds published keys that do not hold what they should: they are gone, of another type, or begin
-- with something else. Looks at about `pages` pages from where the last look ended, at all child
-- databases and indexes, and at the redirects. Indexes and redirects are written anew at once, and
-- so is what is remembered of which pages show which things and lead to which pages. Pages and
-- databases are returned.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON: lane, token, pages.
-- Returns {"lost"} for the lane, or {"done", keys of indexes and redirects, …, "page id key" or
-- "db id key", …}.
-- include begin_change
local answer = {'done'}

local function holds(key, begins)
  return redis.call('TYPE', key).ok == 'string'
    and redis.call('GETRANGE', key, 0, #begins - 1) == begins
end

local function isBundleOf(id, slug, record)
  return holds(pageKey(slug),
    '{"v":' .. (tonumber(record.version) or 1) .. ',"meta":{"id":"' .. id .. '"')
end

-- Returns what begins each part of a bundle: the digest of its head. Bundles of older formats have
-- none.
local function partBegins(slug)
  local digest = string.match(redis.call('GETRANGE', pageKey(slug), -100, -1), ',"digest":"(%w+)"')
  return digest and '{"digest":"' .. digest .. '"' or '{'
end

local function isTextOf(id, slug)
  local key, begins = docKey(slug), '^{"v":%d+,"id":"' .. string.gsub(id, '%-', '%%-') .. '"'
  return redis.call('TYPE', key).ok == 'string'
    and string.find(redis.call('GETRANGE', key, 0, 99), begins)
end

-- Returns whether the redirects are those that pages have left behind, and no others.
local function areRedirectsWhole()
  local all, text = redis.call('HGETALL', redirectsKey), textAt(prefix .. 'redirects')
  local isNothing = redis.call('EXISTS', prefix .. 'redirects') == 0 and #all == 0
  local left = isNothing and {} or decoded(text)
  if not left then return false end
  for i = 1, #all, 2 do
    if left[all[i]] ~= (redis.call('HGET', pathsKey, all[i + 1]) or nil) then return false end
    left[all[i]] = nil
  end
  return next(left) == nil
end

-- A page of which a record is kept is published, so `paths` is written anew where it lost some.
if redis.call('HLEN', pathsKey) < redis.call('HLEN', pagesKey) then
  local isRestored = false
  for _, id in ipairs(redis.call('HKEYS', pagesKey)) do
    local slug = redis.call('HGET', placesKey, id) or ''
    if redis.call('HEXISTS', pathsKey, id) == 0 then
      if isBundleOf(id, slug, decoded(redis.call('HGET', pagesKey, id)) or {}) then
        redis.call('HSET', pathsKey, id, slug)
        isRestored = true
      else
        answer[#answer + 1] = id .. ' ' .. pageKey(slug)
      end
    end
  end
  if isRestored then answer[#answer + 1] = pathsKey end
end

local presenceKey = engineKey('presence')
local CURSOR_DIGITS = 15 -- the cursor of a hash of this size has no more
local cursor, looked = textAt(presenceKey) or '0', 0
if not string.find(cursor, '^%d+$') or #cursor > CURSOR_DIGITS then cursor = '0' end
repeat
  local page = redis.call('HSCAN', pathsKey, cursor, 'COUNT', 500)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    local id, slug = page[2][i], page[2][i + 1]
    looked = looked + 1
    local record = decoded(redis.call('HGET', pagesKey, id))
    local isWhole = record and redis.call('HGET', placesKey, id) == slug
      and isMetaOf(id, redis.call('HGET', metasKey, id)) and isBundleOf(id, slug, record)
    for _, thing in ipairs(textsOf(record and record.things)) do
      redis.call('ZADD', showsKey, 0, thing .. ' ' .. id)
    end
    local parts, part = isWhole and tonumber(record.parts) or 0, 1
    local begins = parts > 0 and partBegins(slug)
    while isWhole and part <= parts do
      isWhole, part = holds(partKey(slug, part), begins), part + 1
    end
    for target in eachRef(isWhole and publishedRefs(id, slug)) do
      addReferrer(target, id)
      looked = looked + 0.1
    end
    if isWhole and args.docs and not isTextOf(id, slug) then isWhole = false end
    if not isWhole then answer[#answer + 1] = id .. ' ' .. pageKey(slug) end
  end
until cursor == '0' or looked >= args.pages
redis.call('SET', presenceKey, cursor)

local databases = redis.call('HGETALL', databasesKey)
for i = 1, #databases, 2 do
  local key = prefix .. 'db:' .. databases[i]
  if not holds(key, '{"id":"' .. databases[i] .. '"') then
    answer[#answer + 1] = 'db:' .. databases[i] .. ' ' .. key
  end
end
local leaves = redis.call('HGETALL', leavesKey)
for i = 1, #leaves, 2 do
  local book = bookOf(leaves[i])
  for number = 1, #book.counts do
    local key = leafKey(leaves[i], number)
    if not holds(key, '{"items":[') then
      book.dirty[number] = true
      answer[#answer + 1] = key
    end
  end
  if not next(book.dirty) then books[leaves[i]] = nil end
end
if not areRedirectsWhole() then
  redirectsChanged = true
  answer[#answer + 1] = prefix .. 'redirects'
end
closeSite()
return answer
