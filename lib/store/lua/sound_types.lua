-- A script that has begun to write can't be taken back: so all keys it needs are of their types before its first write.
-- Hashes are named by KEYS; a type of another's value ends the script as Redis itself would.
for _, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local wanted = string.find(key, 'sync:due$') and 'zset' or string.find(key, 'sync:still$') and 'set' or 'hash'
  if kind ~= 'none' and kind ~= wanted then
    return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
  end
end
