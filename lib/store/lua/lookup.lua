-- Reads what is remembered of pages, and which pages have slugs.
-- KEYS observed, pages, places, children, slugs, waiting, work, still. ARGV number of ids, ids,
-- slugs. Returns for each id what is known; then for each slug the id of the page that has it and
-- the ids of those that wait for it; "" for nothing.
local answer = {}
-- include known
local count = tonumber(ARGV[1])
for i = 2, count + 1 do addKnown(ARGV[i]) end
for i = count + 2, #ARGV do
  answer[#answer + 1] = redis.call('HGET', slugs, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HGET', waiting, ARGV[i]) or ''
end
return answer
