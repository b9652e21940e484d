---@meta kdev.proc

--- Programs of the host. They have the caller's variables and language: a script that reads what a program says asks for it by
--- `env = { LC_ALL = "C.UTF-8" }`.
---@class kdev.proc
local proc = {}

---@class kdev.proc.RunOptions
---@field [integer] string The program, found in PATH, and its arguments.
---@field cwd? string The folder to run in.
---@field env? table<string, string> Variables added to the environment.
---@field stdin? string|kdev.proc.InputFile The standard input: a text, a file, or "inherit", which is kdevlua's own. Default: none.
---@field stdout? "capture"|"inherit"|"discard"|fun(line: string)|kdev.proc.OutputFile Where the standard output goes: into the result, to where kdevlua's own goes, nowhere, to a function, or into a file. Default "capture", which takes 64 MiB at most.
---@field stderr? "capture"|"inherit"|"discard"|"stdout"|fun(line: string)|kdev.proc.OutputFile The same for the standard error; "stdout": to where the standard output goes, in the order in which both are written. Default "capture".
---@field timeout? string|number Seconds, or a text such as "90s"; the program's whole process group is ended when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.
---@field query? boolean The program only looks: a dry run runs it too. Default false.

---@class kdev.proc.SpawnOptions
---@field [integer] string The program, found in PATH, and its arguments.
---@field cwd? string The folder to run in.
---@field env? table<string, string> Variables added to the environment.
---@field stdin? string|kdev.proc.InputFile The standard input: a text, a file, "inherit", which is kdevlua's own, or "pipe", which is what `Process:write` writes. Default: none.
---@field stdout? "capture"|"inherit"|"discard"|fun(line: string)|kdev.proc.OutputFile Where the standard output goes: to `Process:lines`, `Process:read` and the result, to where kdevlua's own goes, nowhere, to a function, or into a file. Default "capture".
---@field stderr? "capture"|"inherit"|"discard"|"stdout"|fun(line: string)|kdev.proc.OutputFile The same for the standard error; "stdout": to where the standard output goes, in the order in which both are written. Default "capture".
---@field timeout? string|number Seconds, or a text such as "90s"; the program's whole process group is ended when it passes.
---@field check? boolean `Process:wait` raises an error of the kind "command" when the status is not 0. Default true.
---@field query? boolean The program only looks: a dry run runs it too. Default false.

---@class kdev.proc.InputFile
---@field file string A file, which may be larger than memory.

---@class kdev.proc.OutputFile
---@field file string It is made when it is not there.
---@field append? boolean Write behind what is in it. Default false: it is emptied first.

---@class kdev.proc.Result
---@field status integer The exit status; 128 + N when signal N ended it.
---@field stdout string Empty when it went elsewhere.
---@field stderr string Empty when it went elsewhere.

--- A program that runs beside the script. `<close>` ends it with all that it started: its whole process group is asked
--- to end, and killed two seconds later. When the program ends by itself, the rest of its group is ended the same way.
--- At the end of the script every program that still runs is ended. What has left the group by setsid(2), as a daemon does, goes on.
---@class kdev.Process: userdata
---@field pid? integer Its process, which leads a group of its own; nil in a dry run.
local Process = {}

--- Runs a program to its end; no shell is involved. In a dry run it is printed instead.
---
--- A function gets the lines as they come, in order, each without its line feed; also the last one when it has none. It
--- may wait. Meanwhile the program is not read, so output of any size fits. An error in it ends the program's whole
--- process group, and is raised.
---@param options kdev.proc.RunOptions
---@return kdev.proc.Result
function proc.run(options) end

--- The path of a program, found as `run` finds it: in PATH, and then in the folders of system programs. nil when there
--- is none.
---@param name string
---@return string?
function proc.which(name) end

--- Starts a program and goes on; no shell is involved. In a dry run it is printed instead, and the object is that of a
--- program which has ended.
---
--- Its output is read ahead by some 64 KiB only: a program whose output nobody takes waits. A function that takes lines
--- is called as in `kdev.proc.run`; an error in it is raised by `Process:wait`.
---@param options kdev.proc.SpawnOptions
---@return kdev.Process
function proc.spawn(options) end

--- Writes to the standard input, and waits while the program does not read. Errors: "system" when it reads no more.
---@param text string
function Process:write(text) end

--- Ends the standard input.
function Process:close_stdin() end

--- The lines of the standard output, without their line feeds: `for line in process:lines() do`. It waits for each.
--- Errors: "timeout" when the program's time passed.
---@return fun(): string?
function Process:lines() end

--- What there is of the standard output, any bytes; waits until there is some. nil at its end.
---@param count? integer At most that many bytes. Default 65536.
---@return string?
function Process:read(count) end

--- Waits for the end. The result's stdout is what was not taken by `lines` or `read`.
---@return kdev.proc.Result
function Process:wait() end

--- Sends a signal to the program and all of its group.
---@param signal? string A name without "SIG". Default "TERM".
---@return boolean sent false when it has ended.
function Process:kill(signal) end

return proc
