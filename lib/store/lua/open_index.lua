-- Opens the indexes of sources that have none yet, and writes others as they are. Removes the
-- indexes of other sources once nothing stands in them, and all drafts where `previews` is off.
-- KEYS: the engine's hashes, whose types are checked. ARGV arguments as JSON: lane, token; sources
-- (whose indexes stay); finished (sources that get an index, and `now` as the time of their sync);
-- rewritten (sources whose index is written as it is).
-- include begin_change
local isOpen = {}
for _, source in ipairs(args.sources) do isOpen[source] = true end
for _, source in ipairs(args.finished) do
  redis.call('HSET', engineKey('synced'), source, now)
  if redis.call('HEXISTS', leavesKey, source) == 0 then bookOf(source) end
end
for _, source in ipairs(args.rewritten) do
  bookOf(source).all = true
end
closeSite()
if not args.previews then
  for _, id in ipairs(redis.call('HKEYS', draftPlacesKey)) do removeDraft(id) end
  for _, database in ipairs(redis.call('HKEYS', draftDatabasesKey)) do
    dropDraftDatabase(database)
  end
  redis.call('ZREMRANGEBYLEX', showsKey, '[draft:', '(draft;')
end
for _, source in ipairs(redis.call('HKEYS', leavesKey)) do
  if not isOpen[source] and redis.call('ZCARD', orderKey(source)) == 0 then
    redis.call('DEL', leafKey(source, 1), stampsKey(source))
    noteRemoval(source .. ':index')
    for _, name in ipairs({'leaves', 'revisions', 'synced', 'sources', 'listings'}) do
      redis.call('HDEL', engineKey(name), source)
    end
  end
end
return 'done'
