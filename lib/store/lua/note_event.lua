-- Notes in a window what an event asks for, and returns which messages it takes. Where it takes
-- none, because what covers it is on its way, the event is known from now on.
-- KEYS the window before, window, ahead, event. ARGV as named below, then page, source and force of
-- each wish. A wish without a page is for all of the source. A page's source is "" where a run of
-- it would not show what happened. Fields of a window:
--   page:{id}            "ms letter source": when an event asked for the page last, and how: e its
--                        own message (edge), w the window's, f the same, forced
--   pages:{source}       how many pages of the source were asked for
--   asked:{source}       a run of the source shows all of them
--   sent, sent:{source}  the message has been published
--   waits                the window takes a message
--   taken                nothing is added to the window any more
-- Until the time `ahead` (ms), windows that need no message pay for the messages of their own that
-- pages had: each `refill` of time pays for one, except where a window takes a message itself.
-- Returns "taken", or for each wish: own, window, source or sent (nothing is to be published).
local now, quiet, most, refill, mostPages, kept, at, knownFor = unpack(ARGV, 1, 8)
local before, window, aheadKey, event = unpack(KEYS)
local soonest, answer = tonumber(now), {}
local furthest = soonest + 2 * tonumber(most) * tonumber(refill)
local ahead =
  math.min(furthest, math.max(tonumber(redis.call('GET', aheadKey) or '') or 0, soonest))
local paid = ahead
local function number(key, field) return tonumber(redis.call('HGET', key, field) or '') or 0 end
local function last(key, page)
  return string.match(redis.call('HGET', key, 'page:' .. page) or '', '^(%d+) (%a) ')
end
local function isCrowded(key, source)
  return number(key, 'pages:' .. source) > tonumber(mostPages)
end
last(before, '') -- fails where it is of another type, before anything is written

if redis.call('HEXISTS', window, 'taken') == 1 then return 'taken' end
for i = 9, #ARGV, 3 do
  local page, source, force = unpack(ARGV, i, i + 2)
  local how = 'window'
  if page == '' then
    how = 'source'
  else
    local seen, letter = last(window, page)
    if source ~= '' then
      if not seen then redis.call('HINCRBY', window, 'pages:' .. source, 1) end
      if isCrowded(window, source) or isCrowded(before, source) then how = 'source' end
    end
    seen = tonumber(seen or last(before, page) or '')
    local isQuiet = not seen or soonest - seen >= tonumber(quiet)
    if how == 'window' and isQuiet
      and ahead - soonest <= (tonumber(most) - 1) * tonumber(refill) then
      how, ahead = 'own', ahead + tonumber(refill)
    end
    if how == 'own' then letter = 'e'
    elseif force == '1' or letter == 'f' then letter = 'f'
    else letter = 'w' end
    redis.call('HSET', window, 'page:' .. page, now .. ' ' .. letter .. ' ' .. source)
  end
  if how == 'source' then
    redis.call('HSET', window, 'asked:' .. source, '1')
    if redis.call('HEXISTS', window, 'sent:' .. source) == 1 then how = 'sent' end
  elseif how == 'window' then
    if redis.call('HSETNX', window, 'waits', '1') == 1 and ahead > soonest then
      ahead = ahead + tonumber(refill)
    end
    if redis.call('HEXISTS', window, 'sent') == 1 then how = 'sent' end
  end
  answer[#answer + 1] = how
end
redis.call('EXPIRE', window, kept)
if ahead > paid then
  ahead = math.min(ahead, furthest)
  redis.call('SET', aheadKey, string.format('%.0f', ahead),
    'PX', string.format('%.0f', ahead - soonest))
end
for _, how in ipairs(answer) do
  if how ~= 'sent' then return answer end
end
redis.call('SET', event, at, 'EX', knownFor)
return answer
