-- Replaces plain words by others, all at once: no pair reads what another pair has written.
local function replaceWords(text, pairs)
  local found = {}
  for number, pair in ipairs(pairs) do
    local from = 1
    while true do
      local first, last = string.find(text, pair[1], from, true)
      if not first then break end
      found[#found + 1] = {first, last, pair[2]}
      from = last + 1
    end
  end
  if #found == 0 then return text end
  table.sort(found, function(one, other) return one[1] < other[1] end)
  local pieces, at = {}, 1
  for _, place in ipairs(found) do
    pieces[#pieces + 1] = string.sub(text, at, place[1] - 1)
    pieces[#pieces + 1] = place[3]
    at = place[2] + 1
  end
  pieces[#pieces + 1] = string.sub(text, at)
  return table.concat(pieces)
end
