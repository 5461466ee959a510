-- Where a hosted file is to be had. KEYS as named below (`copies` "": there is no Blob store), ARGV as named below.
-- Answers {outcome, value}: unknown (no published bundle names it), copied (its Copy), fresh ("ms url"), fetch (the caller
-- has the lock and asks Notion), wait (another one does), away (Notion was out of reach; ms until it is asked again).
local named, fresh, lock, copies = unpack(KEYS)
local token, file, mine, now, ttl = unpack(ARGV)

if #redis.call('ZRANGEBYLEX', named, '[' .. token .. ' ', '(' .. token .. '!', 'LIMIT', 0, 1) == 0 then
  return {'unknown', ''}
end
local copy = copies ~= '' and redis.call('HGET', copies, file)
if copy and not string.find(copy, '"url":""', 1, true) then return {'copied', copy} end
local address = redis.call('HGET', fresh, file)
local till = tonumber(address and string.match(address, '^(%d+) ') or '') or 0
if till > tonumber(now) then return {'fresh', address} end
if redis.call('SET', lock, mine, 'NX', 'PX', ttl) then return {'fetch', ''} end
local held = redis.call('GET', lock)
if held == mine then return {'fetch', ''} end -- the answer was lost
if held == 'away' then return {'away', redis.call('PTTL', lock)} end
return {'wait', ''}
