-- Ends a claim without a result.
-- KEYS run, due, work, leases, overdue. ARGV prefix, arguments as JSON:
--   lane, token, key, number  the slice's lease on the work, and the number of the work when it was
--                             claimed
--   flags, payload, due_at    the work as it stands, and from when on it may be done (ms)
--   given                     the run gives it up: `problem` (JSON text) is reported once
--   forget                    it is no work any more
--   also                      {key, flags, payload} of what is due instead
--   kept                      {key, text}: how far it had come, for the slice that goes on with it;
--                             nil: nothing of it is kept
-- Returns done, repeated (the work is another slice's now) or lost (the whole lane is).
local prefix, args = ARGV[1], cjson.decode(ARGV[2])
local run, ttl = KEYS[1], args.ttl
-- include sound_types
-- include note_problems
-- include due
if redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then return 'lost' end
if redis.call('HGET', leasesKey, args.key) ~= args.token then return 'repeated' end

local number = numberOf(args.key)
redis.call('HDEL', leasesKey, args.key)
if args.forget then
  dropWork(args.key)
elseif number == tostring(args.number) then
  redis.call('HSET', workKey, args.key, number .. ' ' .. args.flags .. ' ' .. args.payload)
  redis.call('ZADD', dueKey, args.due_at, args.key)
else -- something new is known of it: it begins anew
  redis.call('ZADD', dueKey, args.now_ms, args.key)
end
if args.kept then redis.call('SET', args.kept[1], args.kept[2], 'EX', args.kept_for) end
for _, work in ipairs(args.also) do
  addWork(work.key, work.flags, work.payload, args.now_ms)
  if args.focus then redis.call('SADD', run .. ':focus', work.key) end
end
if args.given then
  redis.call('SADD', run .. ':given', args.key)
  redis.call('EXPIRE', run .. ':given', ttl)
  if isOfDatabase(args.key) then redis.call('HINCRBY', run, 'toSync', 1) end
  noteProblems(ttl, {args.problem}, KEYS[5], dueKey, args.now_ms)
end
return 'done'
