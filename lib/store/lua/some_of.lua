-- Returns some fields of a hash, with their values. KEYS the hash. ARGV about how many.
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local cursor, found = '0', {}
repeat
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', ARGV[1])
  cursor = page[1]
  for _, word in ipairs(page[2]) do
    if #found < 2 * tonumber(ARGV[1]) then found[#found + 1] = word end
  end
until cursor == '0' or #found >= 2 * tonumber(ARGV[1])
return found
