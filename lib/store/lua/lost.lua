-- Which keys do not hold what they should: they are gone, of another type, or begin with something else.
-- KEYS any number of them. ARGV what each of them begins with. Answers the positions of those that are lost.
local lost = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'string' or redis.call('GETRANGE', key, 0, #ARGV[i] - 1) ~= ARGV[i] then lost[#lost + 1] = i end
end
return lost
