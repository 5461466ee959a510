-- Frees what is claimed under a token that begins with `mine`; it may be claimed anew from `at` on.
local function freeClaims(leases, due, mine, at)
  local held = redis.call('HGETALL', leases)
  for i = 1, #held, 2 do
    if string.sub(held[i + 1], 1, #mine) == mine then
      redis.call('ZADD', due, at, held[i])
      redis.call('HDEL', leases, held[i])
    end
  end
end
