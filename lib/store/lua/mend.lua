-- Puts records in the place of texts that nobody can read, where these still stand. KEYS hash, sources, revisions.
-- ARGV name, text that was found, record to stand there ("": none) in turn. Texts are compared by their ASCII letters:
-- bytes that are no text do not come back as they were read. Every index has to be computed anew from then on.
local hash, sources, revisions = unpack(KEYS)
local function ascii(text) return (string.gsub(text, '[\128-\255]', '')) end

local mended = 0
for i = 1, #ARGV, 3 do
  local found = redis.call('HGET', hash, ARGV[i])
  if found and ascii(found) == ascii(ARGV[i + 1]) then
    if ARGV[i + 2] == '' then redis.call('HDEL', hash, ARGV[i])
    else redis.call('HSET', hash, ARGV[i], ARGV[i + 2]) end
    mended = mended + 1
  end
end
if mended > 0 then
  for _, name in ipairs(redis.call('HKEYS', sources)) do redis.call('HINCRBY', revisions, name, 1) end
end
return mended
