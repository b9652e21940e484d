-- kdev.log
local test <const> = require "testing"
local kdev <const> = require "kdev"

kdev.fs.write("log.lua", [[
local log <const> = require("kdev").log
log.debug("d", { n = 1 })
log.info("i", { word = "a", text = "a b", list = { 1, 2.5 }, yes = true })
log.warn "w"
log.error("e", {})
]])
local exe <const> = kdev.fs.absolute "/proc/self/exe"
local function run(...) return kdev.proc.run({ exe, "run", ... }).stderr end

test("a line has a mark, the text and the fields in order", function()
  test.equal(run "log.lua", '  · i  list=[1,2.5]  text="a b"  word=a  yes=true\n  ! w\n  ✗ e\n')
end)

test("quiet hides info, a trace shows debug", function()
  test.equal(run("--quiet", "log.lua"), "  ! w\n  ✗ e\n")
  test.contains(run("--trace", "log.lua"), "  · d  n=1\n")
end)

test("as JSON each line is an event with its fields", function()
  local events <const> = {}
  for line in run("--log-format", "json", "--trace", "log.lua"):gmatch "[^\n]+" do
    local event <const> = kdev.json.decode(line)
    events[#events + 1] = { event.event, event.level, event.text, event.fields }
    test.equal(type(event.time), "number")
  end
  test.equal(events, {
    { "log", "debug", "d", { n = 1 } },
    { "log", "info", "i", { word = "a", text = "a b", list = { 1, 2.5 }, yes = true } },
    { "log", "warning", "w", {} }, { "log", "error", "e", {} },
  })
end)

test("what is no text or no fields is an error", function()
  test.equal(test.fails("string expected", kdev.log.info, {}).kind, "argument")
  test.fails("a table with names as keys expected", kdev.log.info, "x", { 1 })
  test.fails("plain data expected, got function", kdev.log.info, "x", { f = print })
end)

test.done()
