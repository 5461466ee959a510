-- Redirects: each slug that a page has left leads to the page's id, and so to where it stands now.

local redirectsChanged = false

local function redirect(slug, id)
  redis.call('HSET', redirectsKey, slug, id)
  redirectsChanged = true
end

local function endRedirect(slug)
  if redis.call('HDEL', redirectsKey, slug) == 1 then redirectsChanged = true end
end

local function closeRedirects()
  if not redirectsChanged then return end
  local all = redis.call('HGETALL', redirectsKey)
  local members = {}
  for i = 1, #all, 2 do
    local slug = redis.call('HGET', pathsKey, all[i + 1])
    if slug then members[#members + 1] = quoted(all[i]) .. ':' .. quoted(slug)
    elseif redis.call('HEXISTS', pagesKey, all[i + 1]) == 0 then
      redis.call('HDEL', redirectsKey, all[i])
    end
  end
  local text = '{' .. table.concat(members, ',') .. '}'
  if text == textAt(prefix .. 'redirects') then return end
  redis.call('SET', prefix .. 'redirects', text)
  noteChange('redirects')
end
