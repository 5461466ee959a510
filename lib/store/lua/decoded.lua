-- What a text of JSON holds; nil for what is no object or list.
local function decoded(text)
  local ok, value = pcall(cjson.decode, text or '')
  return ok and type(value) == 'table' and value or nil
end

-- The texts of a list in a record, whatever another has made of it.
local function textsOf(list)
  local texts = {}
  for _, text in ipairs(type(list) == 'table' and list or {}) do
    if type(text) == 'string' then texts[#texts + 1] = text end
  end
  return texts
end
