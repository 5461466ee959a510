-- Addresses: which slug each page has, and the keys that follow from it.

-- Returns whether the values of a hash are still those from which something was planned ('': there
-- was none).
local function areHeld(key, values)
  for field, value in pairs(values) do
    if (redis.call('HGET', key, field) or '') ~= value then return false end
  end
  return true
end

-- Returns whether slugs, pages and those that wait are still what addresses were planned from. A
-- slug for which a page is to wait may have become free meanwhile, when no page waited for it, or
-- another page may have begun to wait. A page may also have begun to wait for a slug that is left.
local function areAddresses(planned)
  for slug, line in pairs(planned.waited) do
    local ids = {}
    for id in string.gmatch(redis.call('HGET', waitingKey, slug) or '', '%S+') do
      ids[#ids + 1] = id
    end
    if table.concat(ids, ' ') ~= line then return false end
  end
  return areHeld(slugsKey, planned.slugs) and areHeld(placesKey, planned.places)
end

-- Keeps which pages ask for slugs while others have them: slug -> ids ('': none).
local function keepWaiting(waiting)
  for slug, ids in pairs(waiting) do
    if ids == '' then redis.call('HDEL', waitingKey, slug)
    else redis.call('HSET', waitingKey, slug, ids) end
  end
end

local function renameBundle(from, to)
  for _, kind in ipairs({pageKey, docKey}) do
    if redis.call('EXISTS', kind(from)) == 1 then redis.call('RENAME', kind(from), kind(to)) end
  end
  local part = 1
  while redis.call('EXISTS', partKey(from, part)) == 1 do
    redis.call('RENAME', partKey(from, part), partKey(to, part))
    part = part + 1
  end
end

-- Moves pages to other slugs, chains and swaps too. A move: {id, from, to}; from "": the page had
-- no slug. What stands published moves along. `rewritten` is the page whose bundle is written anew
-- right after. A bundle names its page and its child pages as `"id":"…","slug":"…"`, and so
-- does what else shows them.
local function movePages(moves, rewritten)
  local published, parents = {}, {}
  for number, move in ipairs(moves) do
    if move.from ~= '' and redis.call('HGET', slugsKey, move.from) == move.id then
      redis.call('HDEL', slugsKey, move.from)
    end
  end
  for number, move in ipairs(moves) do
    if move.from ~= '' and redis.call('HGET', pathsKey, move.id) == move.from then
      published[number] = true
      renameBundle(move.from, ':' .. number) -- aside: no slug begins with a colon
      noteRemoval('page:' .. move.from)
    end
  end
  local words = {}
  for number, move in ipairs(moves) do
    redis.call('HSET', slugsKey, move.to, move.id)
    redis.call('HSET', placesKey, move.id, move.to)
    endRedirect(move.to)
    if move.from ~= '' then
      words[#words + 1] = {
        '"id":"' .. move.id .. '","slug":' .. quoted(move.from),
        '"id":"' .. move.id .. '","slug":' .. quoted(move.to),
      }
    end
    if published[number] then
      renameBundle(':' .. number, move.to)
      redis.call('HSET', pathsKey, move.id, move.to)
      noteChange('page:' .. move.to)
      noteRelinked(move.id)
    end
    local observed = observationOf(move.id)
    parents[move.id] = true
    if observed and type(observed.parent) == 'string' then parents[observed.parent] = true end
  end
  for number, move in ipairs(moves) do
    if published[number] and redis.call('HEXISTS', slugsKey, move.from) == 0 then
      redirect(move.from, move.id)
    end
  end
  if next(published) and redis.call('HLEN', redirectsKey) > 0 then
    redirectsChanged = true -- redirects follow their pages
  end
  for id in pairs(parents) do
    local slug = redis.call('HGET', pathsKey, id)
    if slug and id ~= rewritten then
      for _, key in ipairs({pageKey(slug), docKey(slug)}) do
        local text = textAt(key)
        if text then redis.call('SET', key, (replaceWords(text, words))) end
      end
      local meta = redis.call('HGET', metasKey, id)
      if meta then
        redis.call('HSET', metasKey, id, (replaceWords(meta, words)))
        refreshIndex(id)
      end
      noteChange('page:' .. slug)
    end
  end
end
