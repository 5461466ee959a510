-- Reads what is remembered of the pages that show a thing.
-- KEYS observed, pages, places, children, slugs, waiting, work, still, shows. ARGV the thing.
-- Returns the id of each and what is known of it.
local answer, showsKey = {}, KEYS[9]
-- include shown
-- include known
for _, id in ipairs(showing(ARGV[1])) do
  answer[#answer + 1] = id
  addKnown(id)
end
return answer
