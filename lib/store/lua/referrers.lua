-- Names the published pages that lead to pages which a run made appear, move or go, except those
-- that the run changed itself.
-- Works in portions, so that no script takes too long for a page to which everything leads. What is
-- left stands in `:relinked` of the run, as "id" or "id cursor".
-- KEYS run, paths. ARGV prefix, how many are looked at, ttl (s). Returns {1} where some are left,
-- else {0, names that changed, names that are gone, names of the pages that lead to others}.
local prefix, most, ttl = unpack(ARGV)
-- include sound_types
-- include refs
local run, paths = KEYS[1], KEYS[2]
local arePaths = redis.call('TYPE', paths).ok == 'hash'
local relinked, named, left = run .. ':relinked', run .. ':referrers', tonumber(most)

local function leadsTo(id, slug, target)
  local refs = publishedRefs(id, slug)
  return refs and string.find(refs, '"' .. target .. '"', 1, true)
end

local function look(id, target)
  local slug = arePaths and redis.call('HGET', paths, id)
  local name = slug and 'page:' .. slug
  if name and redis.call('SISMEMBER', run .. ':changed', name) == 1 then return end
  if name and leadsTo(id, slug, target) then redis.call('SADD', named, name)
  elseif arePaths then
    redis.call('SREM', referrersKey(target), id) -- its bundle was lost before it led elsewhere
  end
end

for _, line in ipairs(redis.call('SMEMBERS', relinked)) do
  if left <= 0 then break end
  local target, cursor = string.match(line, '^(%S+) ?(%d*)$')
  cursor = cursor == '' and '0' or cursor
  local isSet = redis.call('TYPE', referrersKey(target)).ok == 'set'
  repeat
    local page =
      isSet and redis.call('SSCAN', referrersKey(target), cursor, 'COUNT', 500) or {'0', {}}
    cursor = page[1]
    for _, id in ipairs(page[2]) do look(id, target) end
    left = left - #page[2] - 1
  until cursor == '0' or left <= 0
  redis.call('SREM', relinked, line)
  if cursor ~= '0' then redis.call('SADD', relinked, target .. ' ' .. cursor) end
end
for _, key in ipairs({relinked, named}) do redis.call('EXPIRE', key, ttl) end
if redis.call('EXISTS', relinked) == 1 then return {1} end
return {0, redis.call('SMEMBERS', run .. ':changed'), redis.call('SMEMBERS', run .. ':removed'),
  redis.call('SMEMBERS', named)}
