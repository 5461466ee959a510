-- Claims up to `count` of what is due: exclusively, until `expires` (ms), under the slice's token.
-- What this slice claimed before and does not know of (the answer was lost) comes first.
-- KEYS run, due, work, leases. ARGV as named below, then the keys in hand. `spent` is what the
-- slice has spent up to now, as spent.lua reads it ("": not known).
-- Returns "lost", or {left in all, when the next may be done (-1: none), then key, work,
-- observation, record, slug of each}.
local prefix, owner, lane, token, now, expires, count, focused, spent = unpack(ARGV, 1, 9)
local run, isFocused = KEYS[1], focused == '1'
now, count = tonumber(now), tonumber(count)
-- include sound_types
-- include left
if redis.call('HGET', run, 'token:' .. lane) ~= token then return 'lost' end
if spent ~= '' then redis.call('HSET', run, 'spent:' .. lane, spent) end

local inHand = {}
for i = 10, #ARGV do inHand[ARGV[i]] = true end
local answer = {0, -1}
local taken = 0
local function take(key)
  redis.call('ZADD', dueKey, expires, key)
  redis.call('HSET', leasesKey, key, token)
  inHand[key] = true
  taken = taken + 1
  local kind, id = string.match(key, '^(%a+):(.*)$')
  local draftDatabase = string.match(key, '^draft:db:(.*)$')
  local function known(name)
    return redis.call('HGET', prefix .. 'sync:' .. name, draftDatabase or id or key)
  end
  local facts
  if draftDatabase then facts = {'', known('drafts:databases') or '', ''}
  elseif kind == 'db' then facts = {'', known('databases') or '', ''}
  elseif kind == 'draft' then
    facts = {known('drafts:seen') or known('observed') or '',
      known('drafts') or '', known('drafts:places') or ''}
  else
    facts = {known('observed') or '', known('pages') or '', known('places') or ''}
  end
  for _, word in ipairs({key, redis.call('HGET', workKey, key) or '', unpack(facts)}) do
    answer[#answer + 1] = word
  end
end

local leases = redis.call('HGETALL', leasesKey)
for i = 1, #leases, 2 do
  if leases[i + 1] == token and not inHand[leases[i]] then take(leases[i]) end
end
local found, total = concerned(count + 64)
for _, one in ipairs(found) do
  if taken >= count then break end
  local key, at = unpack(one)
  if at <= now and not inHand[key] and not waitsForLook(key, at) then
    local around, free_at = dueAround(key)
    if around then key, at = around, free_at end
    if at <= now and not inHand[key] and not waitsForLook(key, at) then take(key) end
  end
end
answer[1], answer[2] = total, soonest(concerned(128), inHand)
return answer
