-- Remembers what Notion was seen to say of pages, unless a later look is remembered, and makes due
-- what has to be read.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON. Arguments:
--   lane, token  the slice's lease on its lane
--   pages        {id, observed (JSON), edited, read_at, flags, and:
--     settled_at     a reading from then on shows that edit; 0: not known
--     payload        "": it need not be read, and a row is not due any more; else what shows it and
--                    was read before is due too
--     look           sums the look up; "": a later look may be the same and show something new
--     stamp, source  of a row that need not be read
--     hidden         it is taken from the site
--     gone           it is hidden, and no listing shows it
--     draft          {flags, payload}: how it is read for its preview; nil: it has none
--     retry          {number, insists, flags, payload} of claimed work that led to this look: how
--                    it is done again where a later look is remembered; insists: that look is not
--                    to be believed; nil: the page is not claimed}
--   work         {key, flags, payload} of other things that are due: databases, and pages of which
--                nothing new is known
--   slack        looks at one edit that are this close to each other (s) may be in another order
--                than their times
--   outside      thing -> what was seen of it
--   focus        "1": the run is about nothing else
-- Returns {outcome, slugs that became free and are waited for, …}. Outcomes: done or lost.
-- include begin_change
-- include newer

local function due(key, flags, payload)
  -- What is gone from KV is read again, also where it is paused.
  local isLost = string.find(flags, '^%a*r')
  if not isLost and redis.call('SISMEMBER', stillKey, key) == 1 then return end
  askFor(key, isFocused and joinedFlags(flags, 'f') or flags, payload, nowMs)
end

-- Returns whether the same look has made the page due before, or the page has been read since. A
-- look does not tell the sources apart.
local function isNoNews(page, known)
  if page.look == '' then return false end
  local flags, payload =
    string.match(redis.call('HGET', workKey, page.id) or '', '^%d+ (%S+) (.*)$')
  if flags then
    if known and known.source ~= page.source then return false end
    local asked = args.focus and joinedFlags(page.flags, 'f') or page.flags
    local item = decoded(payload)
    return item ~= nil and item.stamp == page.look and joinedFlags(flags, asked) == flags
  end
  if string.find(page.flags, '^%a*r') then return false end
  if page.is_row then return redis.call('HGET', stampsKey(page.source), page.id) == page.look end
  return redis.call('HGET', childrenKey, page.id) == page.look .. ' ' .. page.source
end

-- Returns whether a child page has been placed since the look began, which takes its place from
-- what was remembered then: the page around it may stand elsewhere by now.
local function isPlacedSince(page, known)
  if page.is_row or page.hidden or not known then return false end
  local seen = decoded(page.observed) or {}
  local isSame = known.source == seen.source and known.parent == seen.parent
    and known.visibility == seen.visibility
  return not isSame and (tonumber(known.placed_at) or 0) >= (tonumber(seen.placed_at) or 0)
end

for _, page in ipairs(args.pages) do
  local id = page.id
  local known = observationOf(id)
  local noNews = isNoNews(page, known)
  local record = decoded(redis.call('HGET', pagesKey, id))
  local isDone = noNews and redis.call('HEXISTS', workKey, id) == 0
  local isInHand = noNews and redis.call('HEXISTS', leasesKey, id) == 1
  -- A page that stands in another one by now is not gone as a row.
  local parent = page.gone and known and known.parent
  local isElsewhere = parent and (decoded(page.observed) or {}).parent ~= parent
  local isPlaced = isPlacedSince(page, known)
  local retry = page.retry
  local isOlder = isNewer(known, page.edited, page.read_at)
  local isOld = not (retry and retry.insists)
    and (isOlder or (page.hidden and isNewer(record, page.edited, page.read_at)))
  if retry and (isOld or isElsewhere or isPlaced) then
    if redis.call('HGET', leasesKey, id) == args.token then readAgain(id, retry, nowMs) end
  elseif isPlaced then
    due(id, page.flags, '{}')
  elseif not (retry or isDone or isInHand or isElsewhere) and isOlder
    and not isNewer(known, page.edited, page.read_at + args.slack) then
    due(id, page.flags, '{}') -- it is not known which look came first: another one shows it
  end
  if not (isDone or isInHand or isElsewhere or isPlaced or isOld) then
    if page.hidden then removeTree(id) end
    remember(id, page.observed)
    for _, one in ipairs(settleStill(id)) do
      if one ~= id then due(one, '-', '{}') end
    end
    if known and known.source ~= page.source then
      redis.call('HDEL', stampsKey(known.source), id)
    end
    if page.gone then
      redis.call('HDEL', stampsKey(page.source), id)
      redis.call('ZADD', engineKey('gone'), args.now_ms, id)
      redis.call('ZREM', momentsKey, id)
      watchGone(id)
    else
      redis.call('ZREM', engineKey('gone'), id)
      if page.stamp ~= '' then redis.call('HSET', stampsKey(page.source), id, page.stamp)
      elseif page.is_row then redis.call('HSETNX', stampsKey(page.source), id, '') end
    end
    if page.payload ~= '' then due(id, page.flags, page.payload)
    elseif page.is_row then dropWork(id) end
    if page.draft then
      redis.call('HDEL', draftSeenKey, id) -- it is a row
      due(draftKey(id), page.draft.flags, page.draft.payload)
    elseif page.hidden and not seenInDraft(id) then removeDraft(id) end
    if not page.is_row then dueTitle(id, known, decoded(page.observed)) end
    if not noNews then dueShowing('page:' .. id, nowMs, page.hidden and 0 or page.settled_at) end
  end
end
for thing, stamp in pairs(args.outside) do
  if redis.call('HEXISTS', outsideKey, thing) == 1 then
    redis.call('HSET', outsideKey, thing, stamp)
  end
end
for _, work in ipairs(args.work) do due(work.key, work.flags, work.payload) end
closeSite()
return withFreed({'done'})
