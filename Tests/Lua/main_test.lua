-- `kdevlua run --main`: the script runs on Lua's main thread.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local program <const> = kdev.fs.absolute "/proc/self/exe"

local function run(source, ...)
  kdev.fs.write("main.lua", source)
  return kdev.proc.run { program, "run", "--main", "main.lua", check = false, ... }
end

test("the script is on the main thread and gets its arguments", function()
  local result <const> = run("print(select(2, coroutine.running()), coroutine.isyieldable(), arg[1], ...)", "a", "b")
  test.equal(result.stdout, "true\tfalse\ta\ta\tb\n")
  test.equal(result.status, 0)
end)

test("what waits says to run without --main", function()
  local result <const> = run [[
    local kdev <const> = require "kdev"
    local ok, err = pcall(kdev.task.sleep, 0)
    print(ok, err.kind, err.message)
    print(coroutine.resume(coroutine.create(kdev.task.sleep), 0))
    kdev.proc.run { "true" }]]
  test.contains(result.stdout, "false\tawait\tcannot wait here: outside of a task; run without --main\nfalse\t")
  test.equal(result.status, 1)
  test.contains(result.stderr, "run without --main")
end)

test("an error ends it with status 1, place and traceback", function()
  local result <const> = run "local function f() error 'bad' end\nf()\n"
  test.equal(result.status, 1)
  test.contains(result.stderr, "main.lua:1: bad")
  test.contains(result.stderr, "main.lua:2: in main chunk")
end)

test("os.exit closes variables and is not caught", function()
  local result <const> = run [[
    local guard <close> = setmetatable({}, { __close = function() print("closed", pcall(error, "x")) end })
    pcall(os.exit, 7)
    print "never"]]
  test.equal({ result.stdout, result.status }, { "closed\tfalse\tx\n", 7 })
end)

test("Ctrl-C ends a loop that catches errors, also in a coroutine", function()
  local guard <const> = "local g <close> = setmetatable({}, { __close = function() print 'closed' end })\n"
  for _, source in ipairs {
    "while true do pcall(function() while true do end end) end",
    "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
  } do
    kdev.fs.write("main.lua", guard .. source)
    -- In the foreground timeout signals once; else also its group, and a second signal ends the program at once.
    local result <const> = kdev.proc.run {
      "timeout", "--foreground", "--preserve-status", "-s", "INT", "0.5", program, "run", "--main", "main.lua",
      check = false,
    }
    test.equal({ result.stdout, result.status }, { "closed\n", 130 })
  end
end)

test.done()
