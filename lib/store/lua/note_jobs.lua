-- Notes the messages that started a run. By then the run may have begun, and may wait for longer.
-- KEYS run. ARGV job ids, alive until (ms).
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'gone'
end
redis.call('HSET', KEYS[1], 'jobIds', ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'aliveUntil') or '') or 0) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'aliveUntil', ARGV[2])
end
return 'done'
