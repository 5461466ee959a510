-- Things that pages show: originals of synced blocks, child databases, pages outside the site.

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
