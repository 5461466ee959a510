-- Gives pages other slugs, without anything being read. KEYS: the engine's hashes, whose types are checked.
-- ARGV: arguments as JSON: lane, token; slugs, places and moves as for a page that is published; waiting as there; freed:
-- slugs that are given away by this. Returns {done}, {changed} or {lost}.
local args = cjson.decode(ARGV[1])
local prefix, run, now, ttl = args.prefix, args.run, args.now, args.ttl
local mostItems, mostBytes, nowMs = args.most_items, args.most_bytes, args.now_ms
local isFocused = args.focus
-- include sound_site
-- include site
if redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then return {'lost'} end
for other, holder in pairs(args.slugs) do
  if (redis.call('HGET', slugsKey, other) or '') ~= holder then return {'changed'} end
end
for other, place in pairs(args.places) do
  if (redis.call('HGET', placesKey, other) or '') ~= place then return {'changed'} end
end
movePages(args.moves, '')
for slug, ids in pairs(args.waiting) do
  if ids == '' then redis.call('HDEL', waitingKey, slug) else redis.call('HSET', waitingKey, slug, ids) end
end
for _, slug in ipairs(args.freed) do redis.call('SREM', engineKey('freed'), slug) end
closeSite()
return {'done'}
