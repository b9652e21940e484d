-- Tasks that are cancelled at random moments leave nothing: no process, no file descriptor, no task.
local fs <const> = require "kdev.fs"
local proc <const> = require "kdev.proc"
local sandbox <const> = require "kdev.sandbox"
local task <const> = require "kdev.task"
local test <const> = require "testing"

local seed <const> = tonumber(os.getenv "KDEVLUA_SEED") or os.time()
math.randomseed(seed)

local function descriptors()
  local count = 0
  for _ in pairs(fs.list "/proc/self/fd") do count = count + 1 end
  return count
end

-- The processes that this one has started and that still run, those that have ended and nobody waited for included.
local function children()
  local found <const> = {}
  for _, thread in ipairs(fs.list "/proc/self/task") do
    local ok <const>, text <const> = pcall(fs.read, "/proc/self/task/" .. thread .. "/children")
    for pid in (ok and text or ""):gmatch "%d+" do found[#found + 1] = pid end
  end
  return found
end

-- References that the host holds into Lua; a free place holds the number of the next one.
local function references()
  local count = 0
  for key, value in pairs(debug.getregistry()) do
    if math.type(key) == "integer" and type(value) ~= "number" then count = count + 1 end
  end
  return count
end

local semaphore <const> = task.semaphore(3)
local queue <const> = task.queue(2)

-- What a task may be doing when its cancellation comes.
local works <const> = {
  function() task.sleep(math.random() * 0.02) end,
  function() task.sleep(60) end,
  function()
    local permit <close> = semaphore:acquire()
    task.sleep(math.random() * 0.001)
    return permit
  end,
  function() queue:put(1) end,
  function() queue:get() end,
  function() coroutine.yield() end,
  function() pcall(task.sleep, 60) end,
  function() task.all { function() task.sleep(60) end, function() task.sleep(0.001) end } end,
  function() task.race { function() task.sleep(0.002) end, function() task.sleep(60) end } end,
  function() pcall(task.timeout, 0.001, task.sleep, 60) end,
  function()
    local guard <close> = setmetatable({}, { __close = function() task.sleep(0.001) end })
    task.sleep(60)
    return guard
  end,
  function() for i in coroutine.wrap(function() task.sleep(0.001) coroutine.yield(1) end) do assert(i) end end,
  function() fs.list "/" end,
}
local programs <const> = {
  function() proc.run { "true" } end,
  function() proc.run { "sleep", "60" } end,
}
local heavy <const> = {
  function() proc.run { "sleep", "60" } end,
  function() proc.run { "true" } end,
  function() proc.run { "sh", "-c", "sleep 60 & sleep 60" } end,
  function() proc.run { "cat", stdin = ("x"):rep(1 << 18) } end,
  function()
    local child <close> = proc.spawn { "cat" }
    child:write "hello\n"
    task.sleep(60)
    return child
  end,
  function() sandbox.run { "while true do end", timeout = "1h", instructions = math.maxinteger } end,
}

-- One in `every` does one of the others.
local function round(count, choices, others, every)
  local tasks <const> = {}
  for i = 1, count do
    tasks[i] = task.spawn(function()
      local from <const> = others and i % every == 0 and others or choices
      for _ = 1, math.random(3) do from[math.random(#from)]() end
    end)
    if i % 20 == 0 then task.sleep(math.random() * 0.001) end
    if math.random(2) == 1 then tasks[math.random(i)]:cancel() end
  end
  for _, t in ipairs(tasks) do t:cancel() end
  for _, t in ipairs(tasks) do
    local ok <const>, err <const> = pcall(t.await, t)
    if not ok and err.kind ~= "cancelled" then error(err, 0) end
  end
end

-- Each in a task of its own, so that what ends late ends here.
local function leaves_nothing(count, choices, ...)
  round(20, choices) -- what is opened once is open now
  round(20, heavy)
  collectgarbage()
  task.sleep(0)
  local before <const>, held <const> = descriptors(), references()
  round(count, choices, ...)
  collectgarbage()
  collectgarbage()
  task.sleep(0)
  test.equal(children(), {})
  test.equal(descriptors(), before)
  test.equal(references(), held)
end

test("10,000 tasks cancelled at random moments leave nothing (KDEVLUA_SEED=" .. seed .. ")", function()
  leaves_nothing(10000, works, programs, 50)
end)

test("300 tasks with processes and sandboxes cancelled at random moments leave nothing", function()
  leaves_nothing(300, heavy)
end)

test.done()
