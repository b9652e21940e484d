---@meta kdev.env

--- The environment of kdevlua, as it was at its start, with what the script sets. One program gets variables of its own
--- by `kdev.proc.run { env = ... }`.
---@class kdev.env
local env = {}

--- The value of a variable, or nil.
---@param name string
---@param default? string For a variable that is not set. Default: nil.
---@return string?
function env.get(name, default) end

--- Sets a variable for the rest of the script: `get` and `all` give it, and programs that are started later by
--- `kdev.proc` have it. `os.getenv` knows nothing of it.
---@param name string
---@param value? string Default: none, which takes the variable out.
function env.set(name, value) end

--- All variables by name.
---@return table<string, string>
function env.all() end

--- The home folder: HOME, else that of the user database. Errors: "missing".
---@return string
function env.home() end

--- The name of the user that kdevlua runs as. Errors: "missing" when the user database does not have it.
---@return string
function env.user() end

--- The name of this machine. Errors: "system".
---@return string
function env.hostname() end

return env
