-- Notes, once, that a run has done its survey.
-- KEYS run, sources, listings, gone, observed, due, leases, outside, overdue. ARGV arguments as
-- JSON: lane, token, fields of the run as name-value pairs; sources and listings: name -> JSON
-- text; outside: thing -> what was seen of it; warnings and problems as JSON texts; revives: what
-- earlier runs have left may be done now; outdated: pages that were gone before then (ms) are
-- forgotten. Returns done or lost.
local args = cjson.decode(ARGV[1])
local run, sources, listings, gone, observed, due, leases, outside, overdue = unpack(KEYS)
local ttl = args.ttl
-- include sound_types
-- include note_warnings
-- include note_problems
if redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then return 'lost' end
if redis.call('HGET', run, 'phase') == 'work' then return 'done' end
redis.call('HSET', run, 'phase', 'work')
for name, value in pairs(args.fields) do redis.call('HINCRBY', run, name, value) end
for name, text in pairs(args.sources) do redis.call('HSET', sources, name, text) end
for name, text in pairs(args.listings) do
  redis.call('HSET', listings, name, text)
  redis.call('HDEL', overdue, 'source:' .. name)
end
for thing, stamp in pairs(args.outside) do
  if redis.call('HEXISTS', outside, thing) == 1 then redis.call('HSET', outside, thing, stamp) end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', gone, '-inf', args.outdated)) do
  redis.call('HDEL', observed, id)
  redis.call('ZREM', gone, id)
end
if args.revives then
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', due, '(' .. args.now_ms, '+inf')) do
    if redis.call('HEXISTS', leases, key) == 0 then redis.call('ZADD', due, args.now_ms, key) end
  end
end
noteWarnings(args.most_warnings, args.warnings)
noteProblems(ttl, args.problems, overdue, due, args.now_ms)
return 'done'
