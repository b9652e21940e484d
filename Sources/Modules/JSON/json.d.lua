---@meta kdev.json

--- JSON (RFC 8259). Integers stay integers and floats stay floats: 1 is written as 1, and 1.0 as 1.0.
--- `json.null` is null: one value, which is not nil and counts as true in a condition.
---@class kdev.json
---@field null lightuserdata JSON's null. It equals itself, `kdev.yaml.null` and lua-cjson's null.
local json = {}

---@class kdev.json.EncodeOptions
---@field pretty? boolean A line for each element, two spaces a level. Default false.
---@field sorted? boolean Names in the order of their bytes, so that equal data gives equal text. Default true.

--- A value as JSON. A table with the keys 1, 2, ... n is a list; an empty one is an object, unless `json.array` marked it
--- or it is a list that a function of kdev gave, such as one in the configuration of `kdev.merge`.
--- Errors: kind "json" with the place in the value for nan, infinity, a string that is not UTF-8, a list with a gap, a key
--- that is no string, a function or other thing that is no data, a table inside itself, and more than 200 levels.
---@param value any
---@param options? kdev.json.EncodeOptions
---@return string
function json.encode(value, options) end

--- The value of a JSON text. null becomes `json.null`; an empty list is marked, so that it is written as one again; of equal
--- names the last one counts. Errors: kind "json", with `line` and `column` from 1, for what is no JSON, integers beyond 64
--- bits, numbers too large for a float, and more than 200 levels.
---@param text string
---@return any
function json.decode(text) end

--- Marks a table as a list and returns it, so that it is one also when it is empty. A list with other keys than 1 to n is an error in
--- `encode`.
---@param list? table Default: a new one.
---@return table
function json.array(list) end

return json
