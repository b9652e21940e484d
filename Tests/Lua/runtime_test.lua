-- What users of comparable runtimes complain of, each as it is here. The tests below are for
--   1   tasks and timers that vanish when they are collected
--   2   callbacks on the wrong thread, and coroutines that are collected while something is on its way to them
--   3   "attempt to yield across a C-call boundary"
--   4   grandchildren that are left by time limits and at the end
--   5   cancellations that pcall swallows, and errors of tasks that are lost
--   6   output that is not read to its end, pipes that fill
--   7   traces cut at ":", source that is repeated, syntax errors of modules told as missing files
--   8   tracebacks that are lost through require
--   10  `<close>` handlers that do not run when what is waited for fails
--   11  reads that hang while a grandchild holds the pipe
-- and elsewhere
--   9   editors that know neither modules nor types: types_test.lua, ArgumentAgreementTests.swift
--   12  minutes to embed the scripts in the binary: Sources/CStdlib, by #embed
local test <const> = require "testing"
local kdev <const> = require "kdev"
local fs <const>, proc <const>, task <const> = kdev.fs, kdev.proc, kdev.task
local program <const> = fs.absolute "/proc/self/exe"

local function lua(source, options)
  local all <const> = { program, "eval", source, check = false, timeout = "60s" }
  for name, value in pairs(options or {}) do all[name] = value end
  return proc.run(all)
end

test("1: a task that nobody holds goes on, whatever the collector does", function()
  local done = 0
  for _ = 1, 100 do
    task.spawn(function()
      task.sleep(0.001)
      done = done + 1
    end)
  end
  for _ = 1, 20 do
    collectgarbage()
    task.sleep(0.001)
  end
  test.equal(done, 100)
end)

test("2: a coroutine may be collected while what it waited for is on its way", function()
  for _ = 1, 200 do
    local t <const> = task.spawn(function()
      coroutine.wrap(function() kdev.proc.run { "true" } end)()
    end)
    if math.random(2) == 1 then task.sleep(0) end
    t:cancel()
    pcall(t.await, t)
    collectgarbage "step"
  end
end)

test("3: a function of the host waits in generators, protected calls, metamethods and modules", function()
  local function wait() return proc.run({ "echo", "x" }).stdout end
  test.equal(coroutine.wrap(function() coroutine.yield(wait()) end)(), "x\n")
  test.equal(select(2, pcall(wait)), "x\n")
  test.equal(select(2, xpcall(wait, print)), "x\n")
  test.equal(setmetatable({}, { __index = function() return wait() end }).field, "x\n")
  test.equal(#(setmetatable({}, { __concat = function(_, other) return wait() .. other end }) .. "y"), 3)
  for value in function(_, last) return not last and wait() or nil end do test.equal(value, "x\n") end
  package.preload["waits at load"] = function() return { wait() } end
  test.equal(require("waits at load")[1], "x\n")
  local err <const> = test.fails("cannot wait here: inside table.sort", table.sort, { 2, 1 }, wait)
  test.equal(err.kind, "await")
end)

test("4: no grandchild is left by a time limit, an error or the end of the program", function()
  local mark <const> = ("%d.25"):format(math.random(100000, 999999))
  local tree <const> = { "sh", "-c", "sleep " .. mark .. " & (sleep " .. mark .. " &) ; sleep " .. mark }
  local function left() return proc.run({ "pgrep", "-cf", "sleep " .. mark, check = false }).stdout end
  tree.timeout = "100ms"
  test.equal(test.fails("", proc.run, tree).kind, "timeout")
  test.equal(left(), "0\n")
  tree.timeout = nil
  test.fails("stop", task.all, { function() proc.run(tree) end, function() task.sleep(0.1) error "stop" end })
  test.equal(left(), "0\n")
  lua("kdev = require 'kdev' kdev.proc.spawn { 'sh', '-c', [[" .. tree[3] .. "]] } kdev.task.sleep(0.1)")
  test.equal(left(), "0\n")
end)

test("5: a cancellation is not swallowed, and an error that nobody awaited is said", function()
  local result <const> = lua [[
    local task = require "kdev.task"
    task.spawn(function() error "nobody waits for this" end)
    local t = task.spawn(function() for _ = 1, 1000 do pcall(task.sleep, 60) end end)
    task.sleep(0.01)
    t:cancel()
    pcall(t.await, t)
    print(t:status())
  ]]
  test.equal({ result.stdout, result.status }, { "cancelled\n", 1 })
  test.contains(result.stderr, "error in a task that nobody awaited")
  test.contains(result.stderr, "nobody waits for this")
end)

test("6, 11: output is read to its end, however much and whoever holds the pipe", function()
  test.equal(#proc.run({ "head", "-c", "20000000", "/dev/zero" }).stdout, 20000000)
  local err <const> = proc.run { "sh", "-c", "head -c 3000000 /dev/zero >&2; echo done" }
  test.equal({ #err.stderr, err.stdout }, { 3000000, "done\n" })
  -- The sleeper keeps the pipe open: the program's own end is what counts.
  test.equal(proc.run({ "sh", "-c", "echo said; sleep 600.125 &", timeout = "60s" }).stdout, "said\n")
  test.equal(proc.run({ "pgrep", "-cf", "^sleep 600.125", check = false }).stdout, "0\n")
end)

test("7: errors name files with odd names whole, once, and a module's syntax error as one", function()
  local folder <close> = fs.temporary_folder()
  local odd <const> = kdev.path.join(folder.path, "a:b c.lua")
  fs.write(odd, "local x = 1\nerror 'here'\n")
  local result <const> = proc.run { program, "run", odd, check = false }
  test.contains(result.stderr, "a:b c.lua:2: here")
  test.equal(select(2, result.stderr:gsub("local x = 1", "")), 0)
  fs.write(kdev.path.join(folder.path, "broken.lua"), "return 1 +\n")
  fs.write(kdev.path.join(folder.path, "main.lua"), "require 'broken'\n")
  local broken <const> = proc.run { program, "run", kdev.path.join(folder.path, "main.lua"), check = false }
  test.contains(broken.stderr, "error loading module 'broken'")
  test.contains(broken.stderr, "broken.lua:2: unexpected symbol near <eof>")
end)

test("8: a traceback goes through require and through tasks, and names script lines only", function()
  local folder <close> = fs.temporary_folder()
  fs.write(kdev.path.join(folder.path, "inner.lua"), "return function()\n  error 'deep'\nend\n")
  fs.write(kdev.path.join(folder.path, "main.lua"), [[
local task = require "kdev.task"
local inner = require "inner"
local function middle() inner() end
task.spawn(function()
  middle()
end):await()
]])
  local text <const> = proc.run({ program, "run", kdev.path.join(folder.path, "main.lua"), check = false }).stderr
  for _, part in ipairs { "inner.lua:2: deep", "main.lua:3:", "main.lua:5:", "awaited from:", "main.lua:4:" } do
    test.contains(text, part)
  end
  test.equal(text:find("[C]", 1, true), nil)
  local full <const> = proc.run {
    program, "eval", "table.sort({ 2, 1 }, function() error 'x' end)", env = { KDEVLUA_TRACE = "full" }, check = false,
  }
  test.contains(full.stderr, "[C]: in function 'table.sort'")
end)

test("10: a close handler runs, and may wait, when what its block waited for fails", function()
  local closed = false
  local function block()
    local guard <close> = setmetatable({}, { __close = function()
      task.sleep(0.001)
      closed = true
    end })
    proc.run { "false" }
    return guard
  end
  test.fails("false ended with status 1", block)
  test.equal(closed, true)
end)

test.done()
