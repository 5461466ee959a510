-- Which pages lead to which, as their bundles say: `sync:referrers:{id}` holds the ids of the
-- published pages that lead to a page, also to one that is not published or is not of the site.
-- Needs `prefix`. A bundle names the pages that it leads to right behind its meta, of which
-- `sync:metas` holds the same text.
local REFS_BEGIN, REFS_AT_ONCE = ',"refs":[', 4096

local function referrersKey(id) return prefix .. 'sync:referrers:' .. id end

-- Returns the list of references of a bundle as it is written, between its brackets; nil where none
-- can be found. `cut` returns the bytes of the bundle from one to another, counted from 0; its meta
-- has `metaBytes`.
local function refsText(cut, metaBytes)
  local begin = string.match(cut(0, 31), '^{"v":%d+,"meta":')
  if not begin or metaBytes == 0 then return nil end
  local at = #begin + metaBytes
  if cut(at, at + #REFS_BEGIN - 1) ~= REFS_BEGIN then return nil end
  at = at + #REFS_BEGIN
  local pieces = {}
  repeat
    local piece = cut(at, at + REFS_AT_ONCE - 1)
    local closing = string.find(piece, ']', 1, true)
    pieces[#pieces + 1] = closing and string.sub(piece, 1, closing - 1) or piece
    at = at + REFS_AT_ONCE
  until closing or piece == ''
  return table.concat(pieces)
end

-- Returns the same of what is published at a slug, by a page of this id.
local function publishedRefs(id, slug)
  local key = prefix .. 'page:' .. slug
  if redis.call('TYPE', key).ok ~= 'string' then return nil end
  local function cut(first, last) return redis.call('GETRANGE', key, first, last) end
  return refsText(cut, redis.call('HSTRLEN', prefix .. 'sync:metas', id))
end

local function eachRef(text) return string.gmatch(text or '', '"([^",]+)"') end

-- Notes that a page leads to another one. Overwrites what another program left under the name.
local function addReferrer(target, id)
  local key = referrersKey(target)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'set' and kind ~= 'none' then redis.call('DEL', key) end
  redis.call('SADD', key, id)
end

local function dropReferrer(target, id)
  local key = referrersKey(target)
  if redis.call('TYPE', key).ok == 'set' then redis.call('SREM', key, id) end
end

-- Notes that a page leads to those of `text` from now on, and no more to those of `before` (both as
-- a bundle writes them).
local function leadTo(id, before, text)
  local kept = {}
  for target in eachRef(text) do
    kept[target] = true
    addReferrer(target, id)
  end
  for target in eachRef(before) do
    if not kept[target] then dropReferrer(target, id) end
  end
end
