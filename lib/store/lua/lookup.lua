-- What is remembered of pages, and who has slugs. KEYS observed, pages, places, children, slugs, waiting, work, still.
-- ARGV number of ids, ids, slugs. Returns for each id observation, record, slug, stamp of a child page, "1" where it is
-- due, and "1" where it stays as it is; then for each slug the id of the page that has it and those that wait for it; "" for nothing.
local observed, pages, places, children, slugs, waiting, work, still = unpack(KEYS)
local answer = {}
local count = tonumber(ARGV[1])
for i = 2, count + 1 do
  answer[#answer + 1] = redis.call('HGET', observed, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HGET', pages, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HGET', places, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HGET', children, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HEXISTS', work, ARGV[i]) == 1 and '1' or ''
  answer[#answer + 1] = redis.call('SISMEMBER', still, ARGV[i]) == 1 and '1' or ''
end
for i = count + 2, #ARGV do
  answer[#answer + 1] = redis.call('HGET', slugs, ARGV[i]) or ''
  answer[#answer + 1] = redis.call('HGET', waiting, ARGV[i]) or ''
end
return answer
