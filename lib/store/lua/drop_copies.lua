-- Forgets copies that nothing has named since `before` (ms). Their addresses wait in `trash` to be
-- deleted from Blob. KEYS copies, idle, trash. ARGV before, then files. Returns all of the trash.
local copies, idle, trash = unpack(KEYS)
for i = 2, #ARGV do
  local since = redis.call('HGET', idle, ARGV[i])
  if since and tonumber(since) <= tonumber(ARGV[1]) then
    local copy = redis.call('HGET', copies, ARGV[i])
    local url = copy and string.match(copy, '"url":"(.-)"')
    if url and url ~= '' then redis.call('SADD', trash, url) end
    redis.call('HDEL', copies, ARGV[i])
    redis.call('HDEL', idle, ARGV[i])
  end
end
return redis.call('SMEMBERS', trash)
