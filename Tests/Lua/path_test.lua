-- kdev.path
local test <const> = require "testing"
local kdev <const> = require "kdev"
local path <const> = kdev.path

local function each(f, cases)
  for given, wanted in pairs(cases) do test.equal({ given, f(given) }, { given, wanted }) end
end

test("parts are joined by one slash, and an absolute part begins anew", function()
  test.equal(path.join("a", "b", "c.txt"), "a/b/c.txt")
  test.equal({ path.join("a/", "", "b"), path.join("a", "/b", "c"), path.join(), path.join "/" },
    { "a/b", "/b/c", "", "/" })
  test.equal(test.fails("bad argument #2", path.join, "a", {}).kind, "argument")
end)

test("dirname and basename are those of the shell", function()
  for _, text in ipairs { "a", "a/b", "/a", "/", "a/b/", "//a//b//", "..", "a/.." } do
    local function shell(name) return (kdev.proc.run({ name, text, query = true }).stdout:gsub("\n$", "")) end
    test.equal({ path.dirname(text), path.basename(text) }, { shell "dirname", shell "basename" })
  end
  test.equal({ path.basename("x/a.c", ".c"), path.basename(".c", ".c"), path.basename("a.c", ".h") },
    { "a", ".c", "a.c" })
end)

test("stem and extension part at the last point", function()
  each(path.stem, { ["x/a.tar.gz"] = "a.tar", [".profile"] = ".profile", ["a"] = "a", ["a."] = "a", [".."] = ".." })
  each(path.extension, { ["x/a.tar.gz"] = ".gz", [".profile"] = "", ["a.d/b"] = "", ["a."] = ".", [".."] = "" })
end)

test("a normalized path has no part that means nothing", function()
  each(path.normalize, { ["a//b/./c/.."] = "a/b", [""] = ".", ["/.."] = "/", ["../../a"] = "../../a",
    ["a/../.."] = "..",
    ["/a/b/../../../c/"] = "/c", ["./"] = "." })
end)

test("paths are seen from a folder", function()
  local here <const> = kdev.fs.absolute "."
  test.equal({ path.absolute "a/../b", path.absolute("b", "/a"), path.absolute("/c/.", "a") },
    { here .. "/b", "/a/b", "/c" })
  test.equal(
    { path.relative "a/b", path.relative("b/c", "a"), path.relative("/a/b", "/a/b/"), path.relative("/", "/a/b") },
    { "a/b", "../b/c", ".", "../.." })
  test.equal(path.relative(here .. "/x"), "x")
end)

test("split parts are joined again", function()
  test.equal({ path.split "/a//b/", path.split "a", path.split "" }, { { "/", "a", "b" }, { "a" }, {} })
  test.equal(path.join(table.unpack(path.split "/a/b")), "/a/b")
end)

test("an extension is put in the place of another", function()
  test.equal({ path.with_extension("x.d/a.c", ".o"), path.with_extension("a", ".o"),
    path.with_extension("a.tar.gz", ""),
    path.with_extension(".profile", ".bak"), path.with_extension("a.d/", ".e") },
    { "x.d/a.o", "a.o", "a.tar", ".profile.bak", "a.e" })
  test.equal(test.fails("an extension with its point", path.with_extension, "a", "o").kind, "argument")
end)

test("a path is absolute or not, and ~ is the home folder", function()
  test.equal({ path.is_absolute "/a", path.is_absolute "a", path.is_absolute "" }, { true, false, false })
  local home <const> = kdev.env.home()
  each(path.expand, { ["~"] = home, ["~/a"] = home .. "/a", ["a/~"] = "a/~", ["~other/a"] = "~other/a",
    ["/a"] = "/a" })
end)

test.done()
