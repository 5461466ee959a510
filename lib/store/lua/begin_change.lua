-- The beginning of each script that changes the site. Reads the arguments that all of them have
-- (ARGV[1], as JSON), and checks the types of the keys and, for a script of a slice (`token`), the
-- slice's lease on its lane. Ends the script with "lost" where another slice has that lease.
local args = cjson.decode(ARGV[1])
local prefix, run, now, ttl = args.prefix, args.run, args.now, args.ttl
local mostItems, mostBytes, nowMs = args.most_items, args.most_bytes, args.now_ms
local isFocused = args.focus
-- include sound_site
-- include site
if args.token and redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then
  return 'lost'
end
