-- kdev.task: things that go on at the same time.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local task <const> = kdev.task

test("functions run at the same time", function()
  local first, second
  test.equal({ task.all {
    function() first = "started" task.sleep(0.05) return second end,
    function() second = "started" task.sleep(0.05) return first end,
  } }, { "started", "started" })
end)

test("the first error cancels the others, whose handlers may wait", function()
  local log <const> = {}
  local err <const> = test.fails("bad", task.all, {
    function()
      local guard <close> = setmetatable({}, { __close = function() -- luacheck: ignore guard
        task.sleep(0.01)
        log[#log + 1] = "closed"
      end })
      task.sleep(60)
    end,
    function() error "bad" end,
  })
  test.contains(err, "task_test.lua")
  test.equal(log, { "closed" })
end)

test("times are numbers or texts with a unit", function()
  local began <const> = kdev.time.monotonic()
  task.sleep "20ms"
  test.equal(kdev.time.monotonic() - began >= 0.02, true)
  local err <const> = test.fails("timed out after 0.01 s", task.timeout, "10ms", task.sleep, "1h")
  test.equal({ err.kind, err.seconds }, { "timeout", 0.01 })
  test.equal(task.timeout("5", function(x) return x end, 7), 7)
  for _, f in ipairs { task.sleep, task.timeout } do
    test.fails("bad argument #1", f, "soon", print)
    test.fails("a time expected: seconds, or a text such as", f, "5 parsecs", print)
  end
end)

test("a program is ended when its task is cancelled", function()
  test.equal(test.fails("", task.timeout, 0.2, kdev.proc.run, { "sleep", "78.5" }).kind, "timeout")
  test.equal(kdev.proc.run({ "pgrep", "-f", "^sleep 78.5", check = false }).stdout, "")
end)

test("a cancelled task cannot go on by pcall", function()
  local caught = 0
  local handle <const> = task.spawn(function()
    for _ = 1, 5 do if not pcall(task.sleep, 60) then caught = caught + 1 end end
    task.sleep(60)
  end)
  task.sleep(0)
  handle:cancel()
  test.equal(test.fails("cancelled", handle.await, handle).kind, "cancelled")
  test.equal({ caught, handle:status() }, { 5, "cancelled" })
end)

test("a generator may wait between its values", function()
  local sum = 0
  for i in coroutine.wrap(function() for i = 1, 3 do task.sleep(0.001) coroutine.yield(i) end end) do sum = sum + i end
  test.equal(sum, 6)
end)

test("where Lua cannot wait the error says where", function()
  test.fails("cannot wait here: inside table.sort", table.sort, { 2, 1 }, function(a, b) task.sleep(0) return a < b end)
end)

test("a queue and a semaphore keep programs to so many at a time", function()
  local jobs <const>, slots <const>, results = task.queue(2), task.semaphore(2), {}
  local workers <const> = {}
  for i = 1, 3 do
    workers[i] = function()
      for word in jobs:items() do
        local permit <close> = slots:acquire() -- luacheck: ignore permit
        local output <const> = kdev.proc.run({ "echo", word }).stdout
        results[#results + 1] = output
      end
    end
  end
  workers[#workers + 1] = function()
    for i = 1, 6 do jobs:put("word" .. i) end
    jobs:close()
  end
  task.all(workers)
  table.sort(results)
  test.equal(table.concat(results), "word1\nword2\nword3\nword4\nword5\nword6\n")
  test.equal({ slots.free, slots.waiting, jobs.count, jobs.closed }, { 2, 0, 0, true })
end)

test("the first of several ways that works is taken", function()
  test.equal(task.any {
    function() kdev.proc.run { "false" } end,
    function() return kdev.proc.run({ "echo", "second" }).stdout end,
    function() kdev.proc.run { "sleep", "60" } end,
  }, "second\n")
  local err <const> = test.fails("all 2 functions failed", task.any, {
    function() kdev.proc.run { "false" } end, function() kdev.fs.read "/nonexistent" end,
  })
  test.equal(err.errors[2].kind, "missing")
end)

test("iterators nest as deep as in Lua", function()
  local function tree(depth)
    if depth > 0 then
      for leaf in coroutine.wrap(function() tree(depth - 1) end) do coroutine.yield(leaf) end
    end
    coroutine.yield(depth)
  end
  local count = 0
  for _ in coroutine.wrap(function() tree(95) end) do count = count + 1 end
  test.equal(count, 96)
  local function endless() return coroutine.wrap(endless)() end
  test.fails("C stack overflow", endless)
end)

test("an await that cannot come up through a C function is not begun", function()
  local co <const> = coroutine.wrap(function() kdev.proc.run { "echo", "STALE", query = true } end)
  test.equal(pcall(string.gsub, "x", "x", function() co() end), false)
  test.equal(kdev.proc.run({ "sh", "-c", "sleep 0.3; echo REAL", query = true }).stdout, "REAL\n")
end)

test("a failure that was seen leaves the other tasks alone", function()
  do
    local failing <const> = task.spawn(function() task.sleep(0.01) error "seen" end)
    test.fails("seen", failing.await, failing)
  end
  local ended <const> = {}
  task.spawn(function() task.sleep(0.02) ended[1] = true end)
  task.spawn(function() task.sleep(0.1) ended[2] = true end)
  task.sleep(0.05)
  collectgarbage()
  collectgarbage()
  task.sleep(0.15)
  test.equal(ended, { true, true })
end)

test("an error joins a text", function()
  local _, err <const> = pcall(kdev.fs.read, "/nowhere")
  test.contains("failed: " .. err, "failed: ")
  test.contains("failed: " .. err, "No such file")
end)

test("a table of a few high numbers is no list", function()
  local flags <const> = { [1] = "a", [2] = "b", [4] = "c", [8] = "d", [16] = "e", [1 << 40] = "f" }
  kdev.log.debug("flags", { flags = flags })
end)

test.done()
