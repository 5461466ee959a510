-- What is remembered of the pages that show a thing. KEYS observed, pages, places, children, slugs, waiting, work, still,
-- the set of the pages. Returns the id of each and what is known of it.
local answer = {}
-- include known
for _, id in ipairs(redis.call('SMEMBERS', KEYS[9])) do
  answer[#answer + 1] = id
  addKnown(id)
end
return answer
