-- Finds the page that may be seen under a slug or an id. KEYS preview:paths, paths, the preview and
-- the page at the slug. ARGV slug, id. Returns the slug that it has; "" for none.
local drafts, paths, preview, page = unpack(KEYS)
local slug, id = unpack(ARGV)
local found = redis.call('HGET', drafts, id) or redis.call('HGET', paths, id)
if found then return found end
return redis.call('EXISTS', preview, page) > 0 and slug or ''
