-- Writes a child database of drafts that was read under `preview:db:`, and ends the work on it.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON, the bundle, the
-- record. Arguments: lane, token, number as for a draft; id, title, tokens, warnings; drafts: id ->
-- visibility of the drafts that show it ("": not known).
-- Returns done, changed (other drafts show it), gone (no draft does), repeated (the work is another
-- slice's now) or lost (the whole lane is).
-- include begin_change
local text, record = ARGV[2], ARGV[3]
local thing = 'draft:db:' .. args.id
-- include note_warnings
if redis.call('HGET', leasesKey, thing) ~= args.token then return 'repeated' end
local drafts = showing(thing)
if #drafts == 0 then
  dropDraftDatabase(args.id)
  return 'gone'
end
local before = decoded(redis.call('HGET', draftDatabasesKey, args.id))
for _, id in ipairs(drafts) do
  local visibility = args.drafts[id]
  if not visibility or (visibility ~= '' and visibility ~= visibilityInDraft(id)) then
    return 'changed'
  end
end

-- The script writes from here on.
redis.call('HSET', draftDatabasesKey, args.id, record)
redis.call('SET', prefix .. 'preview:db:' .. args.id, text)
nameFiles(filesKey, namedKey, uncopiedKey, thing, args.tokens, 'private')
for _, id in ipairs(before and before.title ~= args.title and drafts or {}) do
  askFor(draftKey(id), '-', '{}', nowMs) -- it shows the title
end
endWork(thing, args.number, nowMs)
noteWarnings(args.most_warnings, args.warnings)
return 'done'
