---@meta kdev.proc

--- Programs of the host.
---@class kdev.proc
local proc = {}

---@class kdev.proc.RunOptions
---@field [integer] string The program, found in PATH, and its arguments.
---@field cwd? string The folder to run in.
---@field env? table<string, string> Variables added to the environment.
---@field stdin? string The standard input. Default: none.
---@field stdout? "capture"|"inherit"|"discard"|fun(line: string)|kdev.proc.OutputFile Where the standard output goes: into the result, to where kdevlua's own goes, nowhere, to a function, or into a file. Default "capture", which takes 64 MiB at most.
---@field stderr? "capture"|"inherit"|"discard"|"stdout"|fun(line: string)|kdev.proc.OutputFile The same for the standard error; "stdout": to where the standard output goes, in the order in which both are written. Default "capture".
---@field timeout? string|number Seconds, or a text such as "90s"; the program's whole process group is ended when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.
---@field query? boolean The program only looks: a dry run runs it too. Default false.

---@class kdev.proc.OutputFile
---@field file string It is made when it is not there.
---@field append? boolean Write behind what is in it. Default false: it is emptied first.

---@class kdev.proc.Result
---@field status integer The exit status; 128 + N when signal N ended it.
---@field stdout string Empty when it went elsewhere.
---@field stderr string Empty when it went elsewhere.

--- Runs a program to its end; no shell is involved. In a dry run it is printed instead.
---
--- A function gets the lines as they come, in order, each without its line feed; also the last one when it has none. It may
--- wait. Meanwhile the program is not read, so output of any size fits. An error in it ends the program's whole process
--- group, and is raised.
---@param options kdev.proc.RunOptions
---@return kdev.proc.Result
function proc.run(options) end

return proc
