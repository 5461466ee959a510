-- Takes over what layout 2 remembered of published pages. All of them are due.
-- What a site reads stays as it is, the indexes too.
-- KEYS: the engine's hashes, whose types are checked. ARGV: arguments as JSON: lane, token, pages:
-- {id, slug ("": nothing sound is known), source, is_row, sort, things, observed, record}.
-- include begin_change
for _, page in ipairs(args.pages) do
  if page.slug ~= '' then
    remember(page.id, page.observed)
    redis.call('HSET', pagesKey, page.id, page.record)
    redis.call('HSET', placesKey, page.id, page.slug)
    redis.call('HSET', slugsKey, page.slug, page.id)
    redis.call('HSET', pathsKey, page.id, page.slug)
    showThings(page.id, nil, page.things)
    if page.is_row then
      redis.call('HSET', stampsKey(page.source), page.id, '')
      if page.sort ~= '' then
        redis.call('ZADD', orderKey(page.source), 0, page.sort)
        redis.call('HSET', ranksKey, page.id, page.sort .. ' ' .. page.source)
      end
    else
      redis.call('HSET', childrenKey, page.id, ' ' .. page.source)
    end
  end
end
return 'done'
