---@meta kdev.yaml

--- YAML 1.1, as PyYAML's safe_load and safe_dump have it.
--- `yaml.null` is null: one value, which is not nil and counts as true in a condition.
---@class kdev.yaml
---@field null lightuserdata YAML's null, the same value as `kdev.json.null`.
local yaml = {}

--- The value of a YAML text of one document. null becomes `yaml.null`, an empty sequence is marked as a list, binary becomes
--- a string of its bytes; times, and integers beyond 64 bits, become text. Errors: kind "yaml", with `line` and `column` from
--- 1, for what PyYAML refuses, unknown tags, a second document, more than 200 levels, and more than a million nodes, counting
--- what aliases stand for.
---@param text string
---@return any
function yaml.load(text) end

--- A value as YAML in block style, with a line break at its end. Keys are sorted: numbers, booleans, then strings. A table
--- with the keys 1, 2, ... n is a sequence; an empty one is a mapping, unless `yaml.array` marked it or a function of kdev
--- gave it as a list. A string that is not UTF-8 becomes `!!binary`. Errors: kind "yaml" with the place in the value for
--- what is no data, a list with a gap, a table inside itself, and more than 200 levels.
---@param value any
---@return string
function yaml.dump(value) end

--- Marks a table as a list and returns it, as `kdev.json.array` does.
---@param list? table Default: a new one.
---@return table
function yaml.array(list) end

return yaml
