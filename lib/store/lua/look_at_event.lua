-- Reads what KV knows of an event's entity and of what it stands in, and notes that an event came.
-- KEYS event, observed, shows, databases, sources, last event. ARGV entity, parent, now (ms).
-- Returns {whether it came before; the observation of each ("": none); whether published pages show
-- the entity; whether each is a database inside a page; then names and records of all sources}.
local showsKey = KEYS[3]
-- include shown
local entity, parent, now = unpack(ARGV)
local answer = {
  redis.call('EXISTS', KEYS[1]),
  redis.call('HGET', KEYS[2], entity) or '', redis.call('HGET', KEYS[2], parent) or '',
  #showing('page:' .. entity, 1),
  redis.call('HEXISTS', KEYS[4], entity), redis.call('HEXISTS', KEYS[4], parent),
}
for _, word in ipairs(redis.call('HGETALL', KEYS[5])) do answer[#answer + 1] = word end
redis.call('SET', KEYS[6], now)
return answer
