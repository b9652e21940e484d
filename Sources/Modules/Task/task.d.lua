---@meta kdev.task

--- Things that go on at the same time. The module is also there as `require "task"`.
---
--- A function of kdev that waits holds up only the task that calls it. A cancelled task gets an error of the kind
--- "cancelled" at each place where it waits, so `pcall` cannot hold it for good; `<close>` handlers still run, and may wait.
--- When the script ends, tasks that are left are cancelled and waited for, and errors that nobody awaited are reported.
---@class kdev.task
local task = {}

--- A task under way. `<close>` cancels it and waits for its end.
---@class kdev.Task: userdata
local Task = {}

--- Starts a function as a task, with the other arguments as its own.
---@param body fun(...): any
---@param ... any
---@return kdev.Task
function task.spawn(body, ...) end

--- Waits.
---@param seconds number
function task.sleep(seconds) end

--- Runs functions at the same time and waits for all. The first error cancels the others, waits for them, and is raised.
---@param functions function[]
---@return any ... The first result of each.
function task.all(functions) end

--- Runs functions at the same time until the first ends, well or badly; the others are cancelled and waited for.
---@param functions function[]
---@return any ... What that one returns.
function task.race(functions) end

--- Runs a function, and cancels it when the time passes. Errors: kind "timeout", with `err.seconds`.
---@param seconds number
---@param body fun(...): any
---@param ... any Its arguments.
---@return any ... What it returns.
function task.timeout(seconds, body, ...) end

--- The task that runs.
---@return kdev.Task
function task.current() end

--- Waits for the task's end. Raises its error when it failed.
---@return any ... What its function returned.
function Task:await() end

--- Asks the task to end: it gets an error of the kind "cancelled" where it waits.
function Task:cancel() end

--- "running", "waiting", "done", "failed" or "cancelled".
---@return string
function Task:status() end

return task
