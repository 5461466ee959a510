-- Removal: what leaves the site with a page, and what is remembered of it after that.

local function removeFiles(id)
  nameFiles(filesKey, namedKey, uncopiedKey, 'page:' .. id, '', '0')
end

-- Takes a page from the site and forgets it. The caller may go on remembering what it is at Notion.
local function removePage(id)
  local published = redis.call('HGET', pathsKey, id)
  local slug = published or redis.call('HGET', placesKey, id)
  local record = decoded(redis.call('HGET', pagesKey, id)) or {}
  leaveIndex(id, published and redis.call('HEXISTS', childrenKey, id) == 0)
  if published then
    leadTo(id, publishedRefs(id, published), '')
    noteRelinked(id)
    redis.call('DEL', pageKey(published), docKey(published))
    dropParts(published, 1, partKey)
    redis.call('HDEL', pathsKey, id)
    noteRemoval('page:' .. published)
    if run ~= '' then redis.call('HINCRBY', run, 'deleted', 1) end
    if redis.call('HLEN', redirectsKey) > 0 then redirectsChanged = true end
  end
  redis.call('HDEL', placesKey, id)
  if slug and redis.call('HGET', slugsKey, slug) == id then redis.call('HDEL', slugsKey, slug) end
  for _, key in ipairs({pagesKey, metasKey, childrenKey}) do redis.call('HDEL', key, id) end
  redis.call('SREM', stillKey, id)
  showThings(id, record, {})
  removeFiles(id)
  dropWork(id)
  dueShowing('page:' .. id, nowMs, 0)
  return textsOf(record.children), slug
end

-- Watches a page that no listing shows from now on, as long as others show it.
local function watchGone(id)
  if isShown('page:' .. id) then
    redis.call('HSETNX', outsideKey, 'page:' .. id, string.format('since %.3f ', nowMs / 1000))
  end
end

local function forgetPage(id)
  redis.call('HDEL', observedKey, id)
  redis.call('ZREM', momentsKey, id)
  watchGone(id)
end

-- Adds to an answer all slugs that became free while others waited for them, also those of an
-- answer that was lost. The caller gives them away.
local function withFreed(answer)
  for _, slug in ipairs(redis.call('SMEMBERS', engineKey('freed'))) do
    answer[#answer + 1] = slug
  end
  return answer
end

local function removeTree(id)
  local ahead = {id}
  while #ahead > 0 do
    local one = table.remove(ahead)
    local children, slug = removePage(one)
    if slug and redis.call('HEXISTS', waitingKey, slug) == 1 then
      redis.call('SADD', engineKey('freed'), slug) -- until it is given away
    end
    for _, child in ipairs(children) do
      local observed = observationOf(child)
      if observed and observed.parent == one then
        forgetPage(child)
        ahead[#ahead + 1] = child
      end
    end
  end
end
