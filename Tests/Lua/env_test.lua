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

test.done()
