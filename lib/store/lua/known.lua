-- What is remembered of pages. Needs `answer`, and KEYS observed, pages, places, children, slugs,
-- waiting, work, still.
local observed, pages, places, children, slugs, waiting, work, still = unpack(KEYS)

-- Adds the observation, the record, the slug, the stamp of a child page, "1" where the page is due,
-- and "1" where it stays as it is; "" for nothing.
local function addKnown(id)
  answer[#answer + 1] = redis.call('HGET', observed, id) or ''
  answer[#answer + 1] = redis.call('HGET', pages, id) or ''
  answer[#answer + 1] = redis.call('HGET', places, id) or ''
  answer[#answer + 1] = redis.call('HGET', children, id) or ''
  answer[#answer + 1] = redis.call('HEXISTS', work, id) == 1 and '1' or ''
  answer[#answer + 1] = redis.call('SISMEMBER', still, id) == 1 and '1' or ''
end
