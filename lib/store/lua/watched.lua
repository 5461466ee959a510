-- Reads what no listing shows of the site. KEYS databases, outside, still, children, shows. ARGV
-- about how many child pages. Returns the fields and values of the first two, the third, those
-- pages of the third of which others show something, and of child pages a cursor that leads to the
-- rest ("0": there is none) and some.
local showsKey = KEYS[5]
-- include shown
local cursor, some = unpack(redis.call('HSCAN', KEYS[4], 0, 'COUNT', ARGV[1]))
local still, shown = redis.call('SMEMBERS', KEYS[3]), {}
for _, id in ipairs(still) do
  if #showing('page:' .. id, 1) > 0 then shown[#shown + 1] = id end
end
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), still, shown, cursor, some}
