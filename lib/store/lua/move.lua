-- Gives pages other slugs, without anything being read. KEYS: the engine's hashes, whose types are checked.
-- ARGV: arguments as JSON: lane, token; slugs, places, waited and moves as for a page that is published; waiting as there; freed:
-- slugs that are given away by this. Returns {done}, {changed} or {lost}.
-- include begin_change
if not areAddresses(args) then return {'changed'} end
movePages(args.moves, '')
keepWaiting(args.waiting)
for _, slug in ipairs(args.freed) do redis.call('SREM', engineKey('freed'), slug) end
closeSite()
return {'done'}
