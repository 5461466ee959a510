-- Returns what a text of JSON holds; nil where that is neither an object nor a list.
local function decoded(text)
  local ok, value = pcall(cjson.decode, text or '')
  return ok and type(value) == 'table' and value or nil
end

-- Returns the texts of a list in a record, which another program may have changed to anything.
local function textsOf(list)
  local texts = {}
  for _, text in ipairs(type(list) == 'table' and list or {}) do
    if type(text) == 'string' then texts[#texts + 1] = text end
  end
  return texts
end
