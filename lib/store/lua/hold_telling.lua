-- Takes on the telling of a channel for a while, so that a notice that is delivered twice at once
-- tells it once. KEYS run. ARGV as named below (times in ms). Returns 1, also to the owner who asks
-- again, or 0 where another owner has it.
local field, owner, now, untilMs = unpack(ARGV)
-- include sound_types
local ends, holder = string.match(redis.call('HGET', KEYS[1], field) or '', '^(%d+) (.*)$')
local isHeld = ends and tonumber(ends) > tonumber(now) and tonumber(ends) <= tonumber(untilMs)
if isHeld and holder ~= owner then return 0 end
redis.call('HSET', KEYS[1], field, untilMs .. ' ' .. owner)
return 1
