-- Publishes a child database that was read, and ends the work on it. KEYS: the engine's hashes, whose types are checked.
-- ARGV: arguments as JSON, the bundle ("": as published), the record. Arguments: lane, token, number as for a page; id,
-- digest, title, read_at, tokens, lacking, warnings. Returns done, older, send, gone (no page shows it), repeated or lost.
local args = cjson.decode(ARGV[1])
local text, record = ARGV[2], ARGV[3]
local prefix, run, now, ttl = args.prefix, args.run, args.now, args.ttl
local mostItems, mostBytes, nowMs = args.most_items, args.most_bytes, args.now_ms
local isFocused = args.focus
local thing = 'db:' .. args.id
-- include sound_site
-- include site
-- include note_warnings
if redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then return 'lost' end
if redis.call('HGET', leasesKey, thing) ~= args.token then return 'repeated' end
if not isShown(thing) then
  dropWork(thing)
  return 'gone'
end
local before = decoded(redis.call('HGET', databasesKey, args.id))
if before and (tonumber(before.read_at) or 0) > args.read_at then
  -- It was read since this work was claimed: only what became known after that is still to be done.
  local number = string.match(redis.call('HGET', workKey, thing) or '', '^%d+') or '0'
  if number == tostring(args.number) then dropWork(thing)
  else
    redis.call('HDEL', leasesKey, thing)
    redis.call('ZADD', dueKey, args.now_ms, thing)
  end
  return 'older'
end
local isSame = before and before.digest == args.digest and textAt(prefix .. thing)
if text == '' and not isSame then return 'send' end

redis.call('HSET', databasesKey, args.id, record)
if text ~= '' then
  nameFiles(filesKey, namedKey, uncopiedKey, thing, args.tokens, args.lacking)
  redis.call('SET', prefix .. thing, text)
  if not isSame then
    noteChange(thing)
    redis.call('HINCRBY', run, 'written', 1)
    if before and before.title ~= args.title then dueShowing(thing, nowMs, 0) end -- they show its title
    for _, page in ipairs(showing(thing)) do
      local slug = redis.call('HGET', pathsKey, page)
      if slug then noteChange('page:' .. slug) end
    end
  end
end
local number = string.match(redis.call('HGET', workKey, thing) or '', '^%d+') or '0'
if number == tostring(args.number) then dropWork(thing)
else
  redis.call('HDEL', leasesKey, thing)
  redis.call('ZADD', dueKey, args.now_ms, thing)
end
noteWarnings(args.most_warnings, args.warnings)
return 'done'
