---@meta kdev.cli

--- Options of a script, from its arguments.
---@class kdev.cli
local cli = {}

---@class kdev.cli.Option
---@field [integer] string Its name, with dashes: "disk-size". The value is under `disk_size`.
---@field type? "string"|"integer"|"size"|"list"|"flag" Default "string". A size stays the text that it is, checked. A list is of texts, with commas between; given again, the option adds to it.
---@field default? string|integer Default: nil; false for a flag; an empty list.
---@field choices? string[] What it can be.
---@field value? string What the help calls its value. Default: the type in capitals.
---@field help? string

---@class kdev.cli.Spec
---@field [integer] kdev.cli.Option
---@field about string One sentence: what the script does.

--- Reads the script's arguments: `--name VALUE`, `--name=VALUE`, `--flag`. A wrong one ends the script with a message and
--- status 2; `--help` prints what there is.
---@param spec kdev.cli.Spec
---@return table<string, any>
function cli.options(spec) end

--- The name that a person may have meant, for "did you mean": the nearest to the word of which at most a third of the letters
--- differ; nil when there is none.
---@param word string
---@param names string[]
---@return string?
function cli.nearest(word, names) end

return cli
