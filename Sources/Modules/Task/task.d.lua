---@meta kdev.task

--- Things that go on at the same time. The module is also there as `require "task"`.
---
--- A function of kdev that waits holds up only the task that calls it. A cancelled task gets an error of the kind
--- "cancelled" at each place where it waits, so `pcall` cannot hold it for good; `<close>` handlers still run, and may wait.
--- A handler must not wait in a tail call (`return f()`), and cannot in a coroutine that `coroutine.close` closes.
--- A task belongs to the innermost `task.scope`, `all`, `any`, `race` or `timeout` that it is spawned in, and does not outlive it; outside
--- of those it belongs to the script. At their ends tasks that are left are cancelled and waited for, but `scope` lets them end.
--- Errors that nobody awaited are reported at the end of the script, and kdevlua ends with status 1 then.
---@class kdev.task
local task = {}

--- A task under way. `<close>` cancels it and waits for its end.
---@class kdev.Task: userdata
local Task = {}

--- So many at a time. Permits go to tasks in the order in which they asked.
---@class kdev.Semaphore: userdata
---@field size integer How many permits there are.
---@field free integer How many are left.
---@field waiting integer How many tasks wait for one.
local Semaphore = {}

--- Goes back to its semaphore by `release`, or at the end of its `<close>` variable. Dropped without either, it stays taken.
---@class kdev.Permit: userdata
local Permit = {}

--- Values from tasks to tasks, in order. Tasks that wait are served in the order in which they came. `<close>` closes it.
---@class kdev.Queue: userdata
---@field count integer How many values are in it.
---@field capacity? integer How many it holds.
---@field closed boolean Nothing more is put into it.
---@field waiting integer How many tasks wait to put or to get.
local Queue = {}

--- Starts a function as a task, with the other arguments as its own.
---@param body fun(...): any
---@param ... any
---@return kdev.Task
function task.spawn(body, ...) end

--- Waits.
---@param seconds number|string Or with a unit: "300ms", "90s", "5m", "2h".
function task.sleep(seconds) end

--- Runs functions at the same time and waits for all. The first error cancels the others, waits for them, and is raised.
---@param functions function[]
---@return any ... The first result of each.
function task.all(functions) end

--- Runs functions at the same time until one succeeds; the others are cancelled and waited for. Errors: "all_failed" when
--- none does, with `err.errors`, a table with `kind` and `message` for each.
---@param functions function[]
---@return any ... What that one returns.
function task.any(functions) end

--- Runs functions at the same time until the first ends, well or badly; the others are cancelled and waited for.
---@param functions function[]
---@return any ... What that one returns.
function task.race(functions) end

--- Runs a function, and cancels it when the time passes. A function that catches its cancellation and returns has ended well. What
--- computes and does not wait holds up the clock, too: it goes on to the next thing that waits, and an endless loop for ever, save
--- for Ctrl-C. Code that may be such a loop runs in `kdev.sandbox`. Errors: kind "timeout", with `err.seconds`.
---@param seconds number|string Or with a unit: "300ms", "90s", "5m", "2h".
---@param body fun(...): any
---@param ... any Its arguments.
---@return any ... What it returns.
function task.timeout(seconds, body, ...) end

--- Runs a function, and waits for all tasks that are spawned in it. The first error, of the function or of one of these tasks,
--- cancels the others, waits for them, and is raised. A task that was cancelled by `Task:cancel` is no error.
---@param body fun(...): any
---@param ... any Its arguments.
---@return any ... What it returns.
function task.scope(body, ...) end

--- Makes a semaphore: `local permit <close> = semaphore:acquire()`.
---@param size integer How many permits it has.
---@return kdev.Semaphore
function task.semaphore(size) end

--- Makes a queue.
---@param capacity? integer How many values it holds before `put` waits; with 0 `put` waits for `get`. Default: any number.
---@return kdev.Queue
function task.queue(capacity) end

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

--- Takes a permit; waits until one is free.
---@return kdev.Permit
function Semaphore:acquire() end

--- Gives the permit back. A second time does nothing.
function Permit:release() end

--- Puts a value in; waits while the queue is full. Errors: "closed", also of tasks that wait when it is closed.
---@param value any Anything but nil.
function Queue:put(value) end

--- Takes the first value out; waits until there is one.
---@return any The value; nil when the queue is closed and empty.
function Queue:get() end

--- Takes values out until the queue is closed and empty: `for value in queue:items() do ... end`.
---@return fun(): any?
function Queue:items() end

--- Ends the queue: what is in it can still be taken out. A second time does nothing.
function Queue:close() end

return task
