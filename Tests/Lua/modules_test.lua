-- Plain Lua 5.4: modules beside the script, Debian's, C ones, and the arguments.
local test <const> = require "testing"

test("C modules of Debian load", function()
  test.equal(require("cjson").encode { 1, 2 }, "[1,2]")
  test.equal(type(require("lfs").currentdir()), "string")
  test.equal(require("lpeg").match(require("lpeg").R "09" ^ 1, "12a"), 3)
end)

test("LuaSocket of Debian speaks to itself", function()
  local socket <const> = require "socket"
  local server <const> = assert(socket.bind("127.0.0.1", 0))
  local client <const> = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
  local peer <const> = assert(server:accept())
  assert(client:send "over\n")
  test.equal(peer:receive "*l", "over")
  for _, each in ipairs { peer, client, server } do each:close() end
  test.equal(require("mime").b64 "x", "eA==")
end)

test("a C module in a tree of LuaRocks loads", function()
  local kdev <const> = require "kdev"
  local folder <const> = "home/.luarocks/lib/lua/5.4"
  kdev.fs.mkdir(folder)
  -- What is before the hyphen is no part of the name of its luaopen function.
  kdev.fs.copy(assert(package.searchpath("cjson", package.cpath)), folder .. "/rock-cjson.so")
  test.equal(kdev.proc.run({ kdev.fs.absolute "/proc/self/exe", "eval", "print(require 'rock-cjson'.encode { 1 })",
    env = { HOME = kdev.fs.absolute "home" } }).stdout, "[1]\n")
end)

test("the script's name and the program are in arg", function()
  test.contains(arg[0], "modules_test.lua")
  test.contains(arg[-1], "kdevlua")
end)

test("an executable script gets its arguments", function()
  local kdev <const> = require "kdev"
  kdev.fs.mkdir "bin"
  kdev.fs.symlink(kdev.fs.absolute "/proc/self/exe", "bin/kdevlua")
  kdev.fs.write("tool", [[
#!/usr/bin/env -S kdevlua run
print(arg[0], #arg, arg[1], arg[2], arg[3], arg[-1] ~= nil, ...)
]], { mode = "755" })
  local path <const> = kdev.fs.absolute "bin" .. ":" .. os.getenv "PATH"
  local result <const> = kdev.proc.run { "./tool", "a b", "", "--help", env = { PATH = path } }
  test.equal(result.stdout, "./tool\t3\ta b\t\t--help\ttrue\ta b\t\t--help\n")
end)

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

test("the name that was meant is the nearest", function()
  local nearest <const> = require("kdev").cli.nearest
  local names <const> = { "memory", "cpus", "disk_size" }
  test.equal({ nearest("memroy", names), nearest("disksize", names) }, { "memory", "disk_size" })
  test.equal({ nearest("share", names) or "none", nearest("x", {}) or "none" }, { "none", "none" })
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
