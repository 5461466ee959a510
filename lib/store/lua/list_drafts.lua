-- Lists drafts that have a preview; of many, some. KEYS preview:paths, drafts:seen, observed.
-- ARGV how many at most. Returns {how many there are, {id, slug, its observation, the observation
-- of the row that it is or stands in}, …}; "" for none.
local paths, seen, observed = unpack(KEYS)
local most = tonumber(ARGV[1])
local DEEPEST = 100

local function observationOf(id)
  return redis.call('HGET', seen, id) or redis.call('HGET', observed, id) or ''
end

local function rowAround(text)
  for _ = 1, DEEPEST do
    local ok, one = pcall(cjson.decode, text)
    if not ok or type(one) ~= 'table' or type(one.parent) ~= 'string' then return text end
    text = observationOf(one.parent)
  end
  return ''
end

local answer = {redis.call('HLEN', paths)}
local flat = redis.call('HSCAN', paths, '0', 'COUNT', most)[2]
for i = 1, math.min(#flat, 2 * most), 2 do
  local text = observationOf(flat[i])
  answer[#answer + 1] = {flat[i], flat[i + 1], text, rowAround(text)}
end
return answer
