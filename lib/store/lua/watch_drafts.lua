-- What no listing shows of drafts. KEYS drafts, drafts:places, drafts:seen, preview:paths, work. ARGV the prefix of all keys.
-- Returns two lists: drafts to be read again, whose preview is gone from KV or lacks a child page; and the child pages that
-- were read: id, observation, record of each.
local drafts, places, seen, paths, work = unpack(KEYS)
local prefix, lost, children = ARGV[1], {}, {}
local records = redis.call('HGETALL', drafts)

local function lacksChild(record)
  local ok, value = pcall(cjson.decode, record)
  if not ok or type(value) ~= 'table' then return true end
  for _, child in ipairs(type(value.children) == 'table' and value.children or {}) do
    if redis.call('HEXISTS', seen, child) == 0 then return true end
  end
  return false
end

local function stands(id)
  local slug = redis.call('HGET', places, id)
  if not slug or redis.call('HGET', paths, id) ~= slug then return false end
  local key = prefix .. 'preview:' .. slug
  return redis.call('TYPE', key).ok == 'string' and string.find(redis.call('GETRANGE', key, 0, 80), '"meta":{"id":"' .. id .. '"', 1, true)
end

for i = 1, #records, 2 do
  local id, record = records[i], records[i + 1]
  local isDue = redis.call('HEXISTS', work, 'draft:' .. id) == 1
  if not isDue and (not stands(id) or lacksChild(record)) then lost[#lost + 1] = id end
  local child = redis.call('HGET', seen, id)
  if child then
    for _, word in ipairs({id, child, record}) do children[#children + 1] = word end
  end
end
return {lost, children}
