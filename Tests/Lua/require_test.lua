-- Where require looks, and in which order.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local program <const> = kdev.fs.absolute "/proc/self/exe"
local here <const> = kdev.fs.absolute "."

-- Runs words of kdevlua in a folder below this one.
local function run(folder, ...)
  return kdev.proc.run {
    "env", "-C", folder, "HOME=" .. here .. "/home", "XDG_CONFIG_HOME=" .. here .. "/config", program,
    check = false, ...
  }
end

local function module(path, text)
  local folder = "."
  for part in path:gmatch "([^/]+)/" do
    folder = folder .. "/" .. part
    if not kdev.fs.exists(folder) then kdev.fs.mkdir(folder) end
  end
  kdev.fs.write(path, text or ("return %q"):format(path))
end

module "repo/scripts/m.lua"
module "repo/.kdevlua/m.lua"
module "repo/.kdevlua/n.lua"
module "repo/.kdevlua/lpeg.lua"
module "repo/.kdevlua/tool/init.lua"
module "repo/deep/er/x.txt"
module "config/kdevlua/m.lua"
module "config/kdevlua/n.lua"
module "config/kdevlua/o.lua"
module "config/kdevlua/setup.lua"
module "home/.luarocks/share/lua/5.4/o.lua"
module "home/.luarocks/share/lua/5.4/p.lua"
module "empty/x.txt"
module("repo/scripts/s.lua", "for _, name in ipairs(arg) do print((require(name))) end")

test("the script's folder, then the repository's, then the user's, then LuaRocks'", function()
  test.equal(run("repo/deep/er", "run", "../../scripts/s.lua", "m", "n", "o", "p", "tool").stdout, table.concat({
    "repo/scripts/m.lua", "repo/.kdevlua/n.lua", "config/kdevlua/o.lua", "home/.luarocks/share/lua/5.4/p.lua",
    "repo/.kdevlua/tool/init.lua", "",
  }, "\n"))
end)

test("they come before Debian's modules and the stdlib, also for a line of source", function()
  local line <const> = "print((require 'm'), (require 'lpeg'), (require 'setup'), type(require 'kdev'))"
  test.equal(run("repo", "eval", line).stdout,
    "repo/.kdevlua/m.lua\trepo/.kdevlua/lpeg.lua\tconfig/kdevlua/setup.lua\ttable\n")
end)

test("without such folders package.path stays as it is", function()
  local line <const> = [[
    local path <const>, cpath <const> = package.path, package.cpath
    require "kdev"
    print(path == package.path, cpath == package.cpath)]]
  test.equal(kdev.proc.run({ "env", "-C", "empty", "HOME=/nonexistent", program, "eval", line }).stdout, "true\ttrue\n")
end)

test("a module that is nowhere is an error that names the folders", function()
  local err <const> = run("repo", "eval", "require 'none'").stderr
  test.contains(err, "/repo/.kdevlua/none.lua")
  test.contains(err, "/config/kdevlua/none.lua")
  test.contains(err, "/home/.luarocks/lib/lua/5.4/none.so")
end)

test("what a script has put first on package.path stays first", function()
  module "repo/vendor/m.lua"
  for _, path in ipairs { "'vendor/?.lua'", "'vendor/?.lua;' .. package.path" } do
    local line <const> = ("package.path = %s print((require 'm'), (require 'n'))"):format(path)
    test.equal(run("repo", "eval", line).stdout, "repo/vendor/m.lua\trepo/.kdevlua/n.lua\n")
  end
end)

test("a package.path that is no text, or no package at all, is Lua's own error", function()
  test.contains(run("repo", "eval", "package.path = {} require 'm'").stderr, "'package.path' must be a string")
  test.equal(run("repo", "eval", "package = nil print(type((require 'kdev')))").stdout, "table\n")
end)

test("the folders are found when the first require is in a coroutine of a task", function()
  local line <const> = "kdev.task.all { coroutine.wrap(function() print((require 'm')) end) }"
  test.equal(run("repo", "eval", line).stdout, "repo/.kdevlua/m.lua\n")
end)

test("the folder of another user is passed over", function()
  if kdev.host.facts().root == false then return end
  module "theirs/.kdevlua/q.lua"
  kdev.proc.run { "chown", "12345", "theirs/.kdevlua" }
  test.contains(run("theirs", "eval", "require 'q'").stderr, "module 'q' not found")
  test.equal(kdev.proc.run({ "env", "-C", "theirs", "SUDO_UID=12345", program, "eval", "print((require 'q'))" }).stdout,
    "theirs/.kdevlua/q.lua\n")
end)

test.done()
