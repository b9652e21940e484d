-- kdev.env
local test <const> = require "testing"
local kdev <const> = require "kdev"
local env <const> = kdev.env

local function output(...) return (kdev.proc.run({ query = true, ... }).stdout:gsub("\n$", "")) end

test("a variable, its default, or nil", function()
  test.equal({ env.get "PATH", env.get("NO_SUCH", "x"), env.get "NO_SUCH" == nil }, { os.getenv "PATH", "x", true })
  test.equal(env.get("PATH", "x"), os.getenv "PATH")
  test.equal(test.fails("string expected", env.get).kind, "argument")
end)

test("all variables by name", function()
  local all <const> = env.all()
  test.equal(all.PATH, os.getenv "PATH")
  all.PATH = nil
  test.equal(env.all().PATH, os.getenv "PATH")
end)

test("user, home and machine are those that the system's programs say", function()
  test.equal({ env.user(), env.hostname() }, { output("id", "-un"), output("uname", "-n") })
  test.equal(env.home(), os.getenv "HOME" or output("sh", "-c", "echo ~"))
end)

test("without HOME the user database says the home folder", function()
  local program <const> = kdev.fs.absolute "/proc/self/exe"
  local found <const> = output("env", "-u", "HOME", "KDEVLUA_CACHE=cache", program, "eval",
    "print(require('kdev').env.home())")
  test.equal(found, (output("getent", "passwd", env.user()):match "^.-:.-:.-:.-:.-:(.-):"))
end)


test("what is set is there for the script and the programs that it runs", function()
  env.set("ARCH", "arm64")
  env.set("LANG", nil)
  test.equal({ env.get "ARCH", env.all().ARCH, env.get "LANG" == nil }, { "arm64", "arm64", true })
  test.equal(output("sh", "-c", "echo $ARCH ${LANG-none}"), "arm64 none")
  local process <const> = kdev.proc.spawn { "sh", "-c", "echo $ARCH", query = true }
  test.equal(process:wait().stdout, "arm64\n")
  -- One call has the last word.
  test.equal(kdev.proc.run({ "sh", "-c", "echo $ARCH", env = { ARCH = "x86" } }).stdout, "x86\n")
  env.set "ARCH"
  test.equal(output("sh", "-c", "echo ${ARCH-none}"), "none")
  test.equal(test.fails("the name of a variable expected", env.set, "A=B", "c").kind, "argument")
end)

test("a dry run prints the variables of a program", function()
  kdev.fs.write("dry.lua", [[
    local kdev <const> = require "kdev"
    kdev.env.set "LANG"
    kdev.proc.run { "make", env = { ARCH = "arm64", CC = "gcc -m32" } }
  ]])
  test.equal(output(kdev.fs.absolute "/proc/self/exe", "run", "--dry-run", "dry.lua"),
    "env -u LANG ARCH=arm64 CC='gcc -m32' make")
end)

test.done()
