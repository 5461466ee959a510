-- Returns a run as people see it: {fields and values, errors, names of keys that it changed, names
-- of keys that it removed (both: of many, some), its time line}; nil where there is none.
local MOST_NAMES = 200
local function entryOf(run)
  local fields = redis.call('HGETALL', run)
  if #fields == 0 then return end
  return {
    fields, redis.call('LRANGE', run .. ':errors', 0, -1),
    redis.call('SRANDMEMBER', run .. ':changed', MOST_NAMES),
    redis.call('SRANDMEMBER', run .. ':removed', MOST_NAMES),
    redis.call('LRANGE', run .. ':timeline', 0, -1),
  }
end
