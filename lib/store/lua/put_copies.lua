-- Puts the addresses of copies into a published bundle, unless it has been published anew since it
-- was read.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON, what was remembered
-- of the bundle, its text ("": nothing is to be written), its meta ("": it is no page's, or the
-- same), the page as text ("": there is none). Arguments: name, id, slug ("": a child database),
-- document_end (of the page as text, as it was read), parts, staged (root of the parts' keys), due
-- (ms; "": every file has its copy now). Returns done or changed.
-- include begin_change
local before, text, meta, doc = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local isPage = args.slug ~= ''
if redis.call('HGET', isPage and pagesKey or databasesKey, args.id) ~= before then
  return 'changed'
end
if isPage and redis.call('HGET', pathsKey, args.id) ~= args.slug then return 'changed' end
if doc ~= ''
  and string.sub(textAt(docKey(args.slug)) or '', -#args.document_end) ~= args.document_end then
  return 'changed' -- a child database in it was published meanwhile
end

if args.due == '' then redis.call('ZREM', uncopiedKey, args.name)
else redis.call('ZADD', uncopiedKey, args.due, args.name) end
if text == '' then return 'done' end
redis.call('SET', isPage and pageKey(args.slug) or prefix .. args.name, text)
for part = 1, args.parts do
  local staged = args.staged .. ':part:' .. part
  if redis.call('EXISTS', staged) == 1 then -- else this very call was carried out before
    redis.call('RENAME', staged, partKey(args.slug, part))
    redis.call('PERSIST', partKey(args.slug, part)) -- RENAME keeps the expiry
  end
end
if doc ~= '' then redis.call('SET', docKey(args.slug), doc) end
if meta ~= '' then
  redis.call('HSET', metasKey, args.id, meta)
  refreshIndex(args.id)
end
noteChange(isPage and 'page:' .. args.slug or args.name)
redis.call('HINCRBY', run, 'written', 1)
closeSite()
return 'done'
