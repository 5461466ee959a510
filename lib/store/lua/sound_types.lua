-- Checks that all keys that a script writes are of their types, before its first write: a script
-- that has begun to write can't be taken back. A value of another type ends the script as Redis
-- itself would; what a site reads is overwritten. KEYS: the keys that are checked, of a run also
-- those that follow it.
local TYPES = {
  active = 'string', sequence = 'string', runs = 'zset', due = 'zset', gone = 'zset',
  moments = 'zset', scheduled = 'zset', shows = 'zset',
  ['files:named'] = 'zset', ['files:uncopied'] = 'zset', still = 'set', freed = 'set',
  ['files:private'] = 'set',
}
local RUN_PARTS = {
  changed = 'set', removed = 'set', relinked = 'set', referrers = 'set', focus = 'set',
  given = 'set', errors = 'list', timeline = 'list',
}
local RUN_COUNTERS = {
  'listed', 'toSync', 'synced', 'written', 'touched', 'unchanged', 'deleted', 'failed', 'warned',
  'slices', 'retries', 'notionRequests', 'notionThrottled', 'kvCommands',
}
local WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'

local function isSound(key, wanted)
  local kind = redis.call('TYPE', key).ok
  return kind == 'none' or kind == wanted
end

local areSound, runs_checked = true, {}
for _, key in ipairs(KEYS) do
  local name = string.match(key, '^.*sync:(.+)$') or ''
  areSound = areSound and (name == '' or isSound(key, TYPES[name] or 'hash'))
  if string.find(name, '^run:[^:]+$') then
    for part, kind in pairs(RUN_PARTS) do
      areSound = areSound and isSound(key .. ':' .. part, kind)
    end
    runs_checked[#runs_checked + 1] = key
  end
end
if not areSound then return redis.error_reply(WRONG_TYPE) end
for _, key in ipairs(runs_checked) do -- a counter that is no number begins anew
  for at, value in ipairs(redis.call('HMGET', key, unpack(RUN_COUNTERS))) do
    if value and not (string.find(value, '^%d+$') and #value < 16) then
      redis.call('HDEL', key, RUN_COUNTERS[at])
    end
  end
end
