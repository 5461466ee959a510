-- A script that has begun to write can't be taken back: so all keys it needs are of their types before its first write. A
-- value of another type ends the script as Redis itself would. Needs `prefix`; KEYS begin with the hash of paths.
local TYPES = {
  due = 'zset', gone = 'zset', ['files:named'] = 'zset', ['files:uncopied'] = 'zset',
  still = 'set', freed = 'set', sequence = 'string',
}

local function isSound(key, wanted)
  local kind = redis.call('TYPE', key).ok
  return kind == 'none' or kind == wanted
end

local areSound = true
for _, key in ipairs(KEYS) do
  local name = string.sub(key, #prefix + #'sync:' + 1)
  areSound = areSound and isSound(key, TYPES[name] or 'hash')
end
for _, source in ipairs(areSound and redis.call('HKEYS', prefix .. 'sync:leaves') or {}) do
  areSound = areSound and isSound(prefix .. 'sync:order:' .. source, 'zset')
    and isSound(prefix .. 'sync:stamps:' .. source, 'hash')
end
if areSound and not string.find(redis.call('GET', prefix .. 'sync:sequence') or '0', '^%d+$') then
  redis.call('SET', prefix .. 'sync:sequence', string.format('%.0f', nowMs * 1000)) -- beyond all numbers given before
end
if not areSound then return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value') end
