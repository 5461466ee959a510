-- Checks the types of keys before the first write of a script that changes the site. Needs
-- `prefix`, `args`, `nowMs`; KEYS: those of the site and the run. The sources that are checked are
-- those that have an index, and those that the arguments name.
-- include sound_types
local sources_checked = redis.call('HKEYS', prefix .. 'sync:leaves')
for _, source in ipairs(args.sources or {args.source}) do
  sources_checked[#sources_checked + 1] = source
end
for _, page in ipairs(type(args.pages) == 'table' and args.pages or {}) do
  sources_checked[#sources_checked + 1] = page.source
end
for _, source in ipairs(sources_checked) do
  areSound = areSound and isSound(prefix .. 'sync:order:' .. source, 'zset')
    and isSound(prefix .. 'sync:stamps:' .. source, 'hash')
end
for _, name in
  ipairs({'drafts', 'drafts:places', 'drafts:slugs', 'drafts:seen', 'drafts:databases'}) do
  areSound = areSound and isSound(prefix .. 'sync:' .. name, 'hash')
end
if not areSound then return redis.error_reply(WRONG_TYPE) end
if not isSound(prefix .. 'paths', 'hash') then
  redis.call('DEL', prefix .. 'paths') -- lost.lua writes it anew
end
if not isSound(prefix .. 'preview:paths', 'hash') then
  redis.call('DEL', prefix .. 'preview:paths') -- watch_drafts.lua finds it
end
if not string.find(redis.call('GET', prefix .. 'sync:sequence') or '0', '^%d+$') then
  -- The numbers begin anew beyond all that were given before.
  redis.call('SET', prefix .. 'sync:sequence', string.format('%.0f', nowMs * 1000))
end
