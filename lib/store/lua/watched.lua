-- What no listing shows, beside child pages. KEYS databases, outside, still, shows. Returns all of the first three, and which
-- pages that stay as they are others show something of.
local still, shown = redis.call('SMEMBERS', KEYS[3]), {}
for _, id in ipairs(still) do
  local thing = 'page:' .. id
  if #redis.call('ZRANGEBYLEX', KEYS[4], '[' .. thing .. ' ', '(' .. thing .. '!', 'LIMIT', 0, 1) > 0 then
    shown[#shown + 1] = id
  end
end
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), still, shown}
