-- scripts/lua-tests, on a suite of our own.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local script <const> = kdev.fs.absolute(arg[0]):gsub("/Tests/Lua/[^/]*$", "/scripts/lua-tests")

local function run(...)
  return kdev.proc.run { script, "suite", "--program", kdev.fs.absolute "/proc/self/exe", check = false, ... }
end

kdev.fs.mkdir "suite"
kdev.fs.write("suite/one.lua", "assert(_port and _soft and ... == 'one.lua') require 'tracegc'")
kdev.fs.write("suite/tracegc.lua", "return {}")
kdev.fs.write("suite/heavy.lua", "error 'not to be run'")
kdev.fs.write("suite/two.lua", "assert(select(2, coroutine.running()), 'not on main')")
kdev.fs.write("suite/all.lua", [[
  for _, name in ipairs { "one", "two" } do
    print(("\n***** FILE '%s.lua'*****"):format(name))
    assert(loadfile(name .. ".lua"))(name .. ".lua")
  end
  print "final OK !!!"]])

test("each file is a task of its own, and a failure says why", function()
  local result <const> = run()
  test.contains(result.stdout, "ok   one.lua\nFAIL two.lua\n")
  test.contains(result.stdout, "not on main")
  test.contains(result.stdout, "\n1 passed, 1 failed\n")
  test.equal(result.status, 1)
end)

test("on the main thread all.lua runs them all", function()
  local result <const> = run "--main"
  test.equal({ result.stdout, result.status }, { "ok   one.lua\nok   two.lua\n2 passed, 0 failed\n", 0 })
end)

test("on the main thread the file that all.lua stopped in has failed", function()
  kdev.fs.write("suite/two.lua", "error 'stopped here'")
  local result <const> = run "--main"
  test.contains(result.stdout, "ok   one.lua\nFAIL two.lua\n")
  test.contains(result.stdout, "stopped here")
  test.contains(result.stdout, "\n1 passed, 1 failed\n")
end)

test.done()
