-- kdev.sandbox: scripts that others wrote.
local sandbox <const> = require "kdev.sandbox"
local task <const> = require "kdev.task"
local test <const> = require "testing"

test("a sandbox gives the results of its script, and takes data, functions and arguments", function()
  local results <const> = table.pack(sandbox.run {
    "local a = ... return a + n, host.name:upper(), host.add(2, 3), nil, { 1, x = { true } }",
    args = { 1 },
    env = { n = 2, host = { name = "kd", add = function(a, b) return a + b end } },
  })
  assert(results[1] == 3 and results[2] == "KD" and results[3] == 5 and results[4] == nil)
  assert(results[5][1] == 1 and results[5].x[1] == true)
end)

test("a function that is given may wait, and its error comes back as it was", function()
  assert(sandbox.run { "return f()", env = { f = function() task.sleep(0.01) return 7 end }, timeout = "5s" } == 7)
  local err <const> = test.fails("", function()
    sandbox.run { "f()", env = { f = function() require("kdev.fs").read "/nowhere/at/all" end } }
  end)
  assert(err.kind ~= "error" and tostring(err):find "/nowhere/at/all", tostring(err))
  assert(not sandbox.run { "return (pcall(f))", env = { f = function() error "x" end } })
end)

test("the limits end a script, whatever it does", function()
  local function limit(options)
    local err <const> = test.fails("", function() sandbox.run(options) end)
    assert(err.kind == "limit", tostring(err))
    return err.limit
  end
  assert(limit { "while true do end", instructions = 100000 } == "instructions")
  assert(limit { "while true do pcall(error) end", timeout = "50ms", instructions = 1 << 50 } == "time")
  local runaway <const> = "return ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))"
  assert(limit { runaway, instructions = 1000000 } == "instructions")
  assert(limit { "local s = 'x' while true do s = s .. s end", memory = "4M" } == "memory")
end)

local loop <const> = "local loop <const> = setmetatable({}, { __close = function() while true do end end }) "

test("close handlers do not escape a limit, nor a cancellation", function()
  for _, source in ipairs {
    "coroutine.wrap(function() local x <close> = loop while true do end end)()",
    [[local co <const> = coroutine.create(function() local x <close> = loop while true do end end)
    local outer <close> = setmetatable({}, { __close = function() coroutine.close(co) end })
    coroutine.resume(co)]],
  } do
    local err = test.fails("", sandbox.run, { loop .. source, timeout = "50ms", instructions = 1 << 50 })
    assert(err.kind == "limit" and err.limit == "time", tostring(err))
    err = test.fails("", task.timeout, 0.05, sandbox.run, { loop .. source, timeout = "1h", instructions = 1 << 50 })
    assert(err.kind == "timeout", tostring(err))
  end
end)

test("other tasks go on while a sandbox runs, and cancelling its task ends it", function()
  local turns = 0
  local err <const> = test.fails("", function()
    task.timeout(0.3, function()
      task.all {
        function() sandbox.run { "while true do end", timeout = "1h", instructions = math.maxinteger } end,
        function() while true do task.sleep(0.01) turns = turns + 1 end end,
      }
    end)
  end)
  assert(err.kind == "timeout", tostring(err))
  assert(turns > 2, turns)
end)

test("a sandbox has nothing that reaches outside, and only what is allowed", function()
  for name in ("io os debug require package print dofile loadfile collectgarbage kdev"):gmatch "%S+" do
    assert(sandbox.run { "return " .. name } == nil, name)
  end
  assert(sandbox.run { "return string", allow = { "math" } } == nil)
  assert(sandbox.run { "return math.floor(1.5)", allow = { "math" } } == 1)
end)

test("what a script changes is seen by nobody else", function()
  local env <const> = { t = { 1 } }
  sandbox.run { "t[1] = 2 string.rep = nil x = 1", env = env }
  assert(env.t[1] == 1)
  assert(sandbox.run { "return x, string.rep('a', 2)", env = env } == nil)
end)

test("wrong scripts and options are named", function()
  test.fails("mine:1: unexpected symbol", function() sandbox.run { "x = = 1", name = "=mine" } end)
  test.fails("field 'env': field 'f'", sandbox.run, { "", env = { f = io.stdout } })
  test.fails("script is missing", function() sandbox.run {} end)
  test.fails("more than 0", function() sandbox.run { "return 1", instructions = 0 } end)
  local err <const> = test.fails("", function() sandbox.run { "error { code = 5 }" } end)
  assert(err.kind == "error" and err.value.code == 5)
end)

test.done()
