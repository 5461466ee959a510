-- Reads what no listing shows of drafts. KEYS drafts, drafts:places, drafts:seen, preview:paths,
-- work, drafts:databases, shows. ARGV the prefix of all keys. Returns three lists:
--   drafts to be read again: the preview is gone from KV or lacks a child page or a child database
--   the child pages that were read: id, observation, record of each
--   the child databases that are not due: id and record of each, "" where what stands in the
--     preview is gone
local drafts, places, seen, paths, work, databases, shows = unpack(KEYS)
local prefix, lost, children, shown = ARGV[1], {}, {}, {}
local records, named, isNamed = redis.call('HGETALL', drafts), {}, {}
-- include decoded

-- Returns whether all that stands on a draft is known, and adds its child databases to `named`.
local function isWhole(id, record)
  local value = decoded(record)
  if not value then return false end
  local lacks = false
  for _, child in ipairs(textsOf(value.children)) do
    lacks = lacks or redis.call('HEXISTS', seen, child) == 0
  end
  for _, thing in ipairs(textsOf(value.things)) do
    lacks = lacks or not redis.call('ZSCORE', shows, 'draft:' .. thing .. ' ' .. id)
    local database = string.match(thing, '^db:(.*)$')
    if database and not isNamed[database] then
      isNamed[database] = true
      named[#named + 1] = database
    end
  end
  return not lacks
end

local function holds(key, part)
  return redis.call('TYPE', key).ok == 'string'
    and string.find(redis.call('GETRANGE', key, 0, 80), part, 1, true)
end

local function stands(id, record)
  local slug = redis.call('HGET', places, id)
  if not slug or redis.call('HGET', paths, id) ~= slug then return false end
  local key, count =
    prefix .. 'preview:' .. slug, tonumber(string.match(record, '"parts":(%d+)') or '0')
  if not holds(key, '"meta":{"id":"' .. id .. '"') then return false end
  local digest = count > 0
    and string.match(redis.call('GETRANGE', key, -100, -1), ',"digest":"(%w+)"') or ''
  for part = 1, count do
    if not holds(key .. ':part:' .. part, '{"digest":"' .. digest .. '"') then return false end
  end
  return true
end

for i = 1, #records, 2 do
  local id, record = records[i], records[i + 1]
  local isDue = redis.call('HEXISTS', work, 'draft:' .. id) == 1
  if not isWhole(id, record) or not stands(id, record) then
    if not isDue then lost[#lost + 1] = id end
  end
  local child = redis.call('HGET', seen, id)
  if child then
    for _, word in ipairs({id, child, record}) do children[#children + 1] = word end
  end
end
for _, database in ipairs(named) do
  if redis.call('HEXISTS', work, 'draft:db:' .. database) == 0 then
    local isThere = holds(prefix .. 'preview:db:' .. database, '{"id":"' .. database .. '"')
    shown[#shown + 1] = database
    shown[#shown + 1] = isThere and redis.call('HGET', databases, database) or ''
  end
end
return {lost, children, shown}
