-- Which pages show a thing. Needs `showsKey`, a sorted set of "thing id", all scores 0.
-- Returns the ids of these pages, `most` of them at most.
local function showing(thing, most)
  local ids = redis.call('ZRANGEBYLEX', showsKey, '[' .. thing .. ' ', '(' .. thing .. '!',
    'LIMIT', 0, most or -1)
  for number, line in ipairs(ids) do ids[number] = string.sub(line, #thing + 2) end
  return ids
end
