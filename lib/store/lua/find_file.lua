-- Finds where a hosted file is to be had.
-- KEYS named, fresh (before the owner's id), files, private, copies ("": there is no Blob store).
-- ARGV as named below. Returns {outcome, value, owner, lock, count}:
--   unknown  no published bundle names it, or, for a draft's file, no draft does
--   copied   its Copy, where a bundle names it that everybody may see
--   fresh    "ms url", known from an earlier look
--   walk     the caller has the lock and asks Notion for blocks of the page `owner`, from where
--            `value` says ("": from its beginning). `count` files stand in its blocks. Not returned
--            where the caller is `alone`
--   fetch    the caller has the lock and asks Notion for the holder itself
--   wait     another caller has the lock
--   away     Notion was out of reach; ms until it is asked again
local named, root, files, private, copies = unpack(KEYS)
local MOST_NAMES = 20 -- bundles that are searched for one that everybody may see
local token, holder, file, mine, now, ttl, alone, isDraft = unpack(ARGV)

-- Returns the bundles that name the file, from one name up to another.
local function namesBetween(first, last)
  return redis.call('ZRANGEBYLEX', named, '[' .. token .. first, '(' .. token .. last,
    'LIMIT', 0, MOST_NAMES)
end

local names
if isDraft == '1' then names = namesBetween(' draft:', ' draft;')
else
  names = namesBetween(' ', ' draft:')
  for _, one in ipairs(namesBetween(' draft;', '!')) do names[#names + 1] = one end
end
local name, isPublic = names[1], false
if not name then return {'unknown', ''} end
for _, one in ipairs(copies ~= '' and names or {}) do
  isPublic = isPublic or redis.call('SISMEMBER', private, string.sub(one, #token + 2)) == 0
end
local copy = isPublic and redis.call('HGET', copies, file)
if copy and not string.find(copy, '"url":""', 1, true) then return {'copied', copy} end
local bundle = string.sub(name, #token + 2)
local owner = string.match(bundle, '[^:]*$')
local fresh = root .. owner
local address = redis.call('HGET', fresh, token)
local ends = tonumber(address and string.match(address, '^(%d+) ') or '') or 0
if ends > tonumber(now) then return {'fresh', address} end

local function take(lock, outcome, value, count)
  local held = redis.call('GET', lock)
  if held == 'away' then return {'away', tostring(redis.call('PTTL', lock))} end
  if held and held ~= mine then return {'wait', ''} end -- it may be ours: the answer was lost
  redis.call('SET', lock, mine, 'PX', ttl)
  return {outcome, value, owner, lock, count}
end

if alone == '0' and string.find(token, '^block=') and not string.find(bundle, 'db:', 1, true) then
  local till, goes_on = string.match(redis.call('HGET', fresh, 'walk') or '', '^(%d+) (.*)$')
  if not till or tonumber(till) <= tonumber(now) then
    local _, count = string.gsub(redis.call('HGET', files, bundle) or '', 'block=', '')
    if count > 1 then return take(fresh .. ':lock', 'walk', '', count) end
  elseif goes_on ~= '' then
    return take(fresh .. ':lock', 'walk', goes_on, 0)
  end
end
return take(fresh .. ':lock:' .. holder, 'fetch', '', 0)
