-- What is due. Needs `prefix` of all keys, and `run` (root of a run's keys; "": none is concerned),
-- which counts its pages.
local dueKey, workKey, leasesKey =
  prefix .. 'sync:due', prefix .. 'sync:work', prefix .. 'sync:leases'

-- Work: things to be read, as "number flags payload". The number rises when something new is known
-- of the thing. The flags are letters and, after a colon, ids that are doubted; they are kept until
-- the work is done.

local function joinedFlags(one, other)
  local letters, ids, seen = '', {}, {}
  for _, flags in ipairs({one, other}) do
    for letter in string.gmatch(string.match(flags, '^[^:]*'), '.') do
      if letter ~= '-' and not string.find(letters, letter, 1, true) then
        letters = letters .. letter
      end
    end
    for id in string.gmatch(string.match(flags, ':(.*)$') or '', '[^,]+') do
      if not seen[id] then
        seen[id] = true
        ids[#ids + 1] = id
      end
    end
  end
  return (letters == '' and '-' or letters) .. (#ids > 0 and ':' .. table.concat(ids, ',') or '')
end

-- Returns whether something due is a child database: only pages are counted before they are read.
local function isOfDatabase(key)
  return string.find(key, '^db:') or string.find(key, '^draft:db:')
end

local function countWork(key)
  if run ~= '' and not isOfDatabase(key) then redis.call('HINCRBY', run, 'toSync', 1) end
end

-- Makes a thing due, and returns the number of the work on it.
local function addWork(key, flags, payload, at)
  local number = redis.call('INCR', prefix .. 'sync:sequence')
  local work = redis.call('HGET', workKey, key)
  if work then
    local before, rest = string.match(work, '^%d+ (%S+) (.*)$')
    if before then
      flags = joinedFlags(before, flags)
      if payload == '{}' then payload = rest end
    end
  end
  if not work then countWork(key) end
  redis.call('HSET', workKey, key, number .. ' ' .. flags .. ' ' .. payload)
  redis.call('HDEL', leasesKey, key) -- a reading under way began before this was known
  redis.call('ZADD', dueKey, at, key)
  return number
end

local function dropWork(key)
  redis.call('HDEL', prefix .. 'sync:overdue', key)
  redis.call('HDEL', workKey, key)
  redis.call('HDEL', leasesKey, key)
  redis.call('ZREM', dueKey, key)
end

local function numberOf(key)
  return string.match(redis.call('HGET', workKey, key) or '', '^%d+') or '0'
end

-- Ends a claim. What is left of the work may be done from `at` on.
local function freeWork(key, at)
  redis.call('HDEL', leasesKey, key)
  redis.call('ZADD', dueKey, at, key)
end

-- Ends a claim whose reading is older than what is remembered. The work is done again as `retry`
-- says ({number, flags, payload}), unless something new has become known of the thing since.
local function readAgain(key, retry, at)
  local number = numberOf(key)
  if number == tostring(retry.number) then
    redis.call('HSET', workKey, key, number .. ' ' .. retry.flags .. ' ' .. retry.payload)
  end
  freeWork(key, at)
end

-- Ends a claim whose work is done. Where that has revealed something new of the thing itself, the
-- thing is due once more.
local function endWork(key, number, at)
  if numberOf(key) == tostring(number) then
    dropWork(key)
  else
    countWork(key)
    freeWork(key, at)
  end
end
