-- Ends the change from layout 2: indexes get their new form, redirects lead to pages, and what is
-- no longer needed is deleted.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON: lane, token,
-- sources, redirects (old -> new).
-- include begin_change
for old, new in pairs(args.redirects) do
  local id = redis.call('HGET', slugsKey, new)
  if id then redis.call('HSET', redirectsKey, old, id) end
end
for _, source in ipairs(args.sources) do
  local pages = 1
  while redis.call('EXISTS', leafKey(source, pages + 1)) == 1 do pages = pages + 1 end
  redis.call('HDEL', engineKey('revisions'), source)
  local book = bookOf(source)
  book.all, book.before = true, pages
end
closeSite()
local moved = engineKey('moved')
for _, slug in
  ipairs(redis.call('TYPE', moved).ok == 'hash' and redis.call('HKEYS', moved) or {}) do
  if redis.call('HEXISTS', slugsKey, slug) == 0 then
    redis.call('DEL', pageKey(slug))
    dropParts(slug, 1, partKey)
  end
end
for _, name in
  ipairs({'overdue', 'hidden', 'moved', 'staged', 'staged:metas', 'foreign', 'migrating'}) do
  redis.call('DEL', engineKey(name))
end
return 'done'
