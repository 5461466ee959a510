-- Drafts: rows that are not published or stay as they were, and the pages below them, as they stand
-- under `preview:`. Nothing here touches what the public reads. Needs what site.lua has.
local draftsKey, draftPlacesKey = engineKey('drafts'), engineKey('drafts:places')
local draftSlugsKey, draftSeenKey = engineKey('drafts:slugs'), engineKey('drafts:seen')
local draftDatabasesKey = engineKey('drafts:databases')
local previewPathsKey = prefix .. 'preview:paths'

-- Returns the key of a draft's work, and of the work on a thing that it shows (`db:{id}`). `shows`
-- names the thing by that key too.
local function draftKey(id) return 'draft:' .. id end
local function previewKey(slug) return prefix .. 'preview:' .. slug end
local function previewPartKey(slug, number)
  return prefix .. 'preview:' .. slug .. ':part:' .. number
end

-- Returns what is remembered of a page that stands in a draft; nil where it stands in none.
local function seenInDraft(id)
  local seen = decoded(redis.call('HGET', draftSeenKey, id))
  return seen and type(seen.parent) == 'string' and seen or nil
end

-- Returns whether a page is a row that is there, and is not published as it is there.
local function isDraftRow(id)
  local seen = observationOf(id)
  return seen and type(seen.parent) ~= 'string'
    and (seen.is_published == false or seen.is_paused == true)
    and not redis.call('ZSCORE', engineKey('gone'), id)
end

local function visibilityInDraft(id)
  local seen = seenInDraft(id) or observationOf(id) or {}
  return seen.visibility or 'public'
end

-- Takes a child database from the preview and forgets it.
local function dropDraftDatabase(database)
  local thing = draftKey('db:' .. database)
  redis.call('DEL', prefix .. 'preview:db:' .. database)
  redis.call('HDEL', draftDatabasesKey, database)
  nameFiles(filesKey, namedKey, uncopiedKey, thing, '', '0')
  dropWork(thing)
end

-- Notes that a draft shows these child databases from now on, and no others that its record names.
local function showInDraft(id, record, databases)
  local kept = {}
  for _, database in ipairs(databases) do
    kept['db:' .. database] = true
    redis.call('ZADD', showsKey, 0, draftKey('db:' .. database) .. ' ' .. id)
  end
  for _, thing in ipairs(textsOf(record and record.things)) do
    local database = string.match(thing, '^db:(.*)$')
    if database and not kept[thing] then
      redis.call('ZREM', showsKey, draftKey(thing) .. ' ' .. id)
      if not isShown(draftKey(thing)) then dropDraftDatabase(database)
      elseif (record.visibility or 'public') ~= 'public' then
        addWork(draftKey(thing), '-', '{}', nowMs) -- it may be less hidden now
      end
    end
  end
end

-- Takes the slug from a draft, and removes what stands there.
local function leavePreview(id)
  local slug = redis.call('HGET', draftPlacesKey, id)
  redis.call('HDEL', draftPlacesKey, id)
  redis.call('HDEL', previewPathsKey, id)
  if not slug or redis.call('HGET', draftSlugsKey, slug) ~= id then return end
  redis.call('HDEL', draftSlugsKey, slug)
  redis.call('DEL', previewKey(slug))
  dropParts(slug, 1, previewPartKey)
end

-- Takes a draft, and all that stands below it, from its preview and forgets them.
local function removeDraft(id)
  if redis.call('HEXISTS', draftPlacesKey, id) == 0 then -- it has not been read
    if redis.call('HEXISTS', workKey, draftKey(id)) == 1 then dropWork(draftKey(id)) end
    return
  end
  local ahead = {id}
  while #ahead > 0 do
    local one = table.remove(ahead)
    local record = decoded(redis.call('HGET', draftsKey, one))
    leavePreview(one)
    redis.call('HDEL', draftsKey, one)
    redis.call('HDEL', draftSeenKey, one)
    showInDraft(one, record, {})
    nameFiles(filesKey, namedKey, uncopiedKey, draftKey(one), '', '0')
    dropWork(draftKey(one))
    for _, child in ipairs(textsOf(record and record.children)) do
      local seen = seenInDraft(child)
      if seen and seen.parent == one then ahead[#ahead + 1] = child end
    end
  end
end
