---@meta kdev.proc

--- Programs of the host.
---@class kdev.proc
local proc = {}

---@class kdev.proc.RunOptions
---@field [integer] string The program, found in PATH, and its arguments.
---@field cwd? string The folder to run in.
---@field env? table<string, string> Variables added to the environment.
---@field stdin? string The standard input. Default: none.
---@field timeout? string|number Seconds, or a text such as "90s"; the program's whole process group is ended when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.
---@field query? boolean The program only looks: a dry run runs it too. Default false.

---@class kdev.proc.Result
---@field status integer The exit status; 128 + N when signal N ended it.
---@field stdout string
---@field stderr string

--- Runs a program to its end; no shell is involved. In a dry run it is printed instead.
---@param options kdev.proc.RunOptions
---@return kdev.proc.Result
function proc.run(options) end

return proc
