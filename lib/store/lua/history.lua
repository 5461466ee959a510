-- Reads runs for people: the newest ones, newest first, and the one under way even where it is not among them.
-- KEYS active, runs, sources, webhook token. ARGV root of all runs, how many of the newest.
-- Answers {id of the one under way, webhook token, {source, value, …}, {{field, value, …}, {error, …}}, …}; "" for none.
local root, most = unpack(ARGV)
local active, runs, sources, token = unpack(KEYS)

local current = redis.call('GET', active) or ''
local ids = redis.call('ZREVRANGE', runs, 0, tonumber(most) - 1)
local listed = false
for _, id in ipairs(ids) do listed = listed or id == current end
if current ~= '' and not listed then ids[#ids + 1] = current end

local answer = {current, redis.call('GET', token) or '', redis.call('HGETALL', sources)}
for _, id in ipairs(ids) do
  local fields = redis.call('HGETALL', root .. id)
  if #fields > 0 then
    local shown = {}
    for i = 1, #fields, 2 do
      if fields[i] ~= 'sources' then
        shown[#shown + 1] = fields[i]
        shown[#shown + 1] = fields[i + 1]
      end
    end
    answer[#answer + 1] = {shown, redis.call('LRANGE', root .. id .. ':errors', 0, -1)}
  end
end
return answer
