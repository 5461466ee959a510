-- Runs the commands in order, as one transaction, if every guarded field still holds what was expected.
-- KEYS one hash for each guard; the first guards the slice's hold. ARGV for each guard: field, expected value; then each
-- command: number of words, words. Answers done, changed, or lost where another delivery holds the slice's lane.
for i = 1, #KEYS do
  local value = redis.call('HGET', KEYS[i], ARGV[2 * i - 1]) or ''
  if value ~= ARGV[2 * i] then return i == 1 and 'lost' or 'changed' end
end
local at = 2 * #KEYS + 1
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return 'done'
