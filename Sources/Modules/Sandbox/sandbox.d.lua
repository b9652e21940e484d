---@meta kdev.sandbox

--- Scripts that others wrote, run where they can do no harm: in a Lua universe of their own, within limits.
---@class kdev.sandbox
local sandbox = {}

---@class kdev.sandbox.RunOptions
---@field [integer] string The script's source text; precompiled chunks are refused.
---@field name? string The chunk's name for messages, as `load` takes it. Default "=sandbox".
---@field args? any[] What the script gets as `...`: data, copied.
---@field env? table<string, any> Its globals besides the libraries: data, copied, and functions, which are called here, with copied arguments and results, and may wait. Other objects are refused.
---@field allow? string[] The names of Lua's own that it may use, such as { "pairs", "string", "math" }. Default: all basic functions but dofile, loadfile, print, require, warn and collectgarbage, and coroutine, math, string, table and utf8. `load` takes text only, setmetatable no __gc.
---@field memory? string|integer What it may hold at once. Default "64M".
---@field instructions? integer How many instructions of the virtual machine it may execute, and steps of pattern matches and the like. Default 100000000, about a second.
---@field timeout? string|number Its time by the clock, without that of the functions of `env`. Default "10s".

--- Runs a script in a sandbox and gives its results, copied. Only the calling task waits; cancelling it ends the script. The script can neither
--- catch the end of a limit nor change what another script sees. Errors: kind "limit", `err.limit` being "memory", "instructions" or "time"; "argument" for
--- an environment that is no data; a text that the script raised as that text, anything else as kind "error" with `err.value`; what a function of `env` raised
--- as it is.
---@param options kdev.sandbox.RunOptions
---@return any ...
function sandbox.run(options) end

return sandbox
