-- How each script begins that changes the site: what its arguments (ARGV[1], as JSON) say to all of them, the types of the
-- keys, and the slice's lease on its lane, where it is one's (`token`). Ends the script with "lost" where that is another's.
local args = cjson.decode(ARGV[1])
local prefix, run, now, ttl = args.prefix, args.run, args.now, args.ttl
local mostItems, mostBytes, nowMs = args.most_items, args.most_bytes, args.now_ms
local isFocused = args.focus
-- include sound_site
-- include site
if args.token and redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then return 'lost' end
