-- Plain Lua 5.4: modules beside the script, Debian's, C ones, and the arguments.
local test <const> = require "testing"

test("C modules of Debian load", function()
  test.equal(require("cjson").encode { 1, 2 }, "[1,2]")
  test.equal(type(require("lfs").currentdir()), "string")
  test.equal(require("lpeg").match(require("lpeg").R "09" ^ 1, "12a"), 3)
end)

test("the script's name is in arg", function() test.contains(arg[0], "modules_test.lua") end)

test("the program's own options, errors and statuses", function()
  local kdev <const> = require "kdev"
  local program <const> = kdev.fs.absolute("/proc/self/exe")
  kdev.fs.write("s.lua", [[
    local opt = require("kdev").cli.options {
      about = "Tries.", { "disk-size", type = "size", default = "1G" }, { "on", type = "flag" },
      { "n", type = "integer" }, { "how", choices = { "a", "b" } },
      { "port", type = "list" },
    }
    print(opt.disk_size, opt.on, opt.n, opt.how, table.concat(opt.port, " "))]])
  local function run(...) return kdev.proc.run { program, "run", "s.lua", check = false, ... } end
  test.equal(run().stdout, "1G\tfalse\tnil\tnil\t\n")
  test.equal(run("--disk-size=2G", "--on", "--n", "3", "--how", "b").stdout, "2G\ttrue\t3\tb\t\n")
  test.equal(run("--port", "1:2,3", "--port=4").stdout, "1G\tfalse\tnil\tnil\t1:2 3 4\n")
  test.contains(run("--help").stdout, "--how a|b")
  test.equal(run("--help").status, 0)
  for part, arguments in pairs {
    ["did you mean --disk-size?"] = { "--disk-sise", "1G" }, ["takes a whole number"] = { "--n", "x" },
    ["--how is one of a, b"] = { "--how", "c" }, ["needs a value"] = { "--n" }, ["takes no value"] = { "--on=1" },
    ["unexpected argument"] = { "x" },
  } do
    local result <const> = run(table.unpack(arguments))
    test.equal(result.status, 2)
    test.contains(result.stderr, part)
  end
end)

test("an error of a script ends with status 1, place and traceback", function()
  local kdev <const> = require "kdev"
  kdev.fs.write("e.lua", "local function f() error 'bad' end\nf()\n")
  local result <const> = kdev.proc.run { kdev.fs.absolute("/proc/self/exe"), "run", "e.lua", check = false }
  test.equal(result.status, 1)
  test.contains(result.stderr, "e.lua:1: bad")
  test.contains(result.stderr, "e.lua:2: in main chunk")
end)

test("a repl reads lines, goes on after errors and prints results", function()
  local kdev <const> = require "kdev"
  local result <const> = kdev.proc.run { kdev.fs.absolute("/proc/self/exe"), "repl",
    stdin = "x = 2\nx + 1, 'a'\nfor i = 1, 2 do\nprint(i) end\nerror 'no'\n1 +* 2\nkdev.fs.exists '/'\n" }
  test.equal(result.stdout, "3\ta\n1\n2\ntrue\n")
  test.contains(result.stderr, "stdin:1: no")
  test.contains(result.stderr, "unexpected symbol")
end)

test("the types for editors are written where lua-language-server is told to look", function()
  local kdev <const> = require "kdev"
  local program <const> = kdev.fs.absolute("/proc/self/exe")
  kdev.fs.mkdir("editor")
  local out <const> = kdev.proc.run { program, "types", "--install", "--directory", "../types", cwd = "editor" }
  test.contains(out.stdout, "wrote .luarc.json")
  test.contains(kdev.fs.read("types/disk.d.lua"), "---@meta kdev.disk")
  local settings <const> = require("cjson").decode(kdev.fs.read("editor/.luarc.json"))
  test.equal(settings["runtime.version"], "Lua 5.4")
  test.contains(settings["workspace.library"][1], "/types")
end)

test.done()
