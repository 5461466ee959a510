-- Returns whether what is remembered of a page was seen after another look at it. Notion's time of
-- its last edit never goes backwards. Of two looks at one edit the later counts. `edited` 0: that
-- time can't be read.
local function isNewer(known, edited, readAt)
  if not known then return false end
  local knownEdited, knownReadAt = tonumber(known.edited_at) or 0, tonumber(known.read_at) or 0
  if knownEdited > 0 and edited > 0 and knownEdited ~= edited then return knownEdited > edited end
  return knownReadAt > readAt
end
