-- Gives pages other slugs, without reading anything anew.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON: lane, token; slugs,
-- places, waited, moves and waiting as for a page that is published; freed: slugs that are given
-- away by this. Returns {done}, {changed} or {lost}.
-- include begin_change
if not areAddresses(args) then return {'changed'} end
movePages(args.moves, '')
keepWaiting(args.waiting)
for _, slug in ipairs(args.freed) do redis.call('SREM', engineKey('freed'), slug) end
closeSite()
return {'done'}
