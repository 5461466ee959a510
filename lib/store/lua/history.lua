-- Reads runs for people: the newest ones, newest first, and the one under way even where it is not
-- among them.
-- KEYS active, runs, sources, webhook token, listings, synced, paths, children, overdue, due,
-- budget, last event. ARGV root of all runs, how many of the newest, root of the orders of indexes,
-- how many slugs.
-- Returns {id of the run under way, {webhook token, ms for which it is still kept}, {{source,
-- record, listing, synced, rows}, …}, {pages, child pages, {{key, problem, whether it is
-- published}, …}, start and requests of Notion's minute, last event, slugs of published pages:
-- some of many}, then runs as run_entry.lua says}; "" for none.
-- include run_entry
local root, most, orders, few = unpack(ARGV)
local active, runs, sources, token, listings, synced, paths, children, overdue, due, budget, event =
  unpack(KEYS)
local prefix = string.sub(orders, 1, -#'sync:order:' - 1)

-- Returns 1 where a version of something is on the site: of a source, any of its rows.
local function isPublished(key)
  local source, database = string.match(key, '^source:(.*)$'), string.match(key, '^db:.*$')
  if source then return math.min(1, redis.call('ZCARD', orders .. source)) end
  if database then return redis.call('EXISTS', prefix .. database) end
  return redis.call('HEXISTS', paths, key)
end

local current = redis.call('GET', active) or ''
local ids = redis.call('ZREVRANGE', runs, 0, tonumber(most) - 1)
local listed = false
for _, id in ipairs(ids) do listed = listed or id == current end
if current ~= '' and not listed then ids[#ids + 1] = current end

local known = {}
local flat = redis.call('HGETALL', sources)
for i = 1, #flat, 2 do
  local name = flat[i]
  known[#known + 1] = {
    name, flat[i + 1], redis.call('HGET', listings, name) or '',
    redis.call('HGET', synced, name) or '', redis.call('ZCARD', orders .. name),
  }
end
local late = {}
local problems = redis.call('HGETALL', overdue)
for i = 1, #problems, 2 do
  local key = problems[i]
  if string.find(key, '^source:') or redis.call('ZSCORE', due, key) then
    late[#late + 1] = {key, problems[i + 1], isPublished(key)}
  end
end
local slugs = {}
local pages = redis.call('HSCAN', paths, '0', 'COUNT', few)[2]
for i = 2, math.min(#pages, 2 * tonumber(few)), 2 do slugs[#slugs + 1] = pages[i] end
local minute = redis.call('HMGET', budget, 'start', 'used')
local site = {
  redis.call('HLEN', paths), redis.call('HLEN', children), late, minute[1] or '', minute[2] or '',
  redis.call('GET', event) or '', slugs,
}
local answer = {current, {redis.call('GET', token) or '', redis.call('PTTL', token)}, known, site}
for _, id in ipairs(ids) do
  local entry = entryOf(root .. id)
  if entry then answer[#answer + 1] = entry end
end
return answer
