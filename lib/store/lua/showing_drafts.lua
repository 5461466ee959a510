-- Finds the drafts that show a thing. KEYS shows, drafts:seen, observed. ARGV the thing.
-- Returns the id of each, and what was seen of it ("": not known).
local showsKey, seen, observed = unpack(KEYS)
local answer = {}
-- include shown
for _, id in ipairs(showing(ARGV[1])) do
  answer[#answer + 1] = id
  answer[#answer + 1] = redis.call('HGET', seen, id) or redis.call('HGET', observed, id) or ''
end
return answer
