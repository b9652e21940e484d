-- kdev.fs: folders and whole trees; single files are in proc_test.lua.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local fs <const> = kdev.fs

local exe <const> = fs.absolute "/proc/self/exe"

test("a folder is listed and told from a file", function()
  fs.mkdir("l/b")
  fs.write("l/a", "12345")
  fs.write("l/.c", "")
  test.equal({ fs.list "l", fs.is_dir "l", fs.is_dir "l/a", fs.is_dir "no" },
    { { ".c", "a", "b" }, true, false, false })
  test.equal(fs.size "l/a", 5)
  test.equal(test.fails("could not list no: No such file", fs.list, "no").kind, "missing")
  test.equal(test.fails("could not read the size of no: No such file", fs.size, "no").kind, "missing")
end)

test("a file is copied with its mode, over one that is there", function()
  fs.write("from", "new")
  fs.write("to", "old")
  kdev.proc.run { "chmod", "750", "from" }
  fs.copy("from", "to")
  test.equal(fs.read "to", "new")
  test.equal(kdev.proc.run({ "stat", "-c", "%a", "to", query = true }).stdout, "750\n")
  test.equal(test.fails("it does not exist", fs.copy, "no", "to").kind, "missing")
  test.equal(test.fails("it is a folder", fs.copy, "l", "to").kind, "invalid")
  test.equal(test.fails("could not copy from: cp ended", fs.copy, "from", "l").kind, "command")
end)

test("a rename takes the place of what is there", function()
  fs.rename("from", "to2")
  fs.rename("to2", "to")
  test.equal({ fs.exists "from", fs.exists "to2", fs.read "to" }, { false, false, "new" })
  test.equal(test.fails("could not rename no to x: No such file", fs.rename, "no", "x").kind, "missing")
end)

test("a tree is removed and links in it are not followed", function()
  fs.mkdir("t/a/b")
  fs.mkdir("kept")
  fs.write("kept/file", "x")
  fs.write("t/a/b/c", "x")
  for _, place in ipairs { "t/a/link", "t/link", "toplink" } do
    kdev.proc.run { "ln", "-s", fs.absolute "kept", place }
  end
  fs.remove_tree("t/")
  fs.remove_tree("toplink/")
  fs.remove_tree("nosuch")
  test.equal({ fs.exists "t", fs.exists "toplink", fs.read "kept/file" }, { false, false, "x" })
end)

test("the root, the home folder and what it is in are never removed", function()
  fs.mkdir("above/home/below")
  fs.write("rm.lua", "require('kdev').fs.remove_tree(arg[1])")
  local home <const> = fs.absolute "above/home"
  kdev.proc.run { "ln", "-s", fs.absolute "above", "link" }
  local env <const> = { HOME = home, KDEVLUA_CACHE = "cache" }
  for _, path in ipairs { "/", "//", "", ".", "..", "above/home/.", "above/home", "above//home/", "above", "link/home",
    "/." } do
    local done <const> = kdev.proc.run { exe, "run", "rm.lua", path, env = env, check = false }
    test.contains(done.stderr, "refused to remove")
    test.equal(done.status, 1)
  end
  test.equal(fs.is_dir "above/home/below", true)
  kdev.proc.run { exe, "run", "rm.lua", "above/home/below", env = env }
  test.equal(fs.list "above/home", {})
end)

test("a dry run says what would change as lines for a shell", function()
  fs.write("dry.lua", [[
    local fs <const> = require("kdev").fs
    fs.copy("no such", "b")
    fs.rename("b", "c")
    fs.remove_tree("l/")
  ]])
  local done <const> = kdev.proc.run { exe, "run", "--dry-run", "dry.lua" }
  test.equal({ done.stdout, fs.exists "l" },
    { "cp --preserve=mode -T -- 'no such' b\nmv -T -- b c\nrm -rf -- l\n", true })
end)

test.done()
