-- kdev.glob
local test <const> = require "testing"
local kdev <const> = require "kdev"
local list <const>, fs <const> = kdev.glob.list, kdev.fs

for _, name in ipairs { "g/a.lua", "g/b.txt", "g/.hidden.lua", "g/x/c.lua", "g/x/y/d.lua", "g/.git/e.lua",
  "g/[1].lua" } do
  fs.mkdir(kdev.path.dirname(name))
  fs.write(name, "")
end
kdev.proc.run { "ln", "-s", "..", "g/x/up" }
kdev.proc.run { "ln", "-s", "nowhere", "g/dangling" }

test("wildcards match within a name, sorted", function()
  test.equal(list "g/*.lua", { "g/[1].lua", "g/a.lua" })
  test.equal(list "g/?.[lt][!x]*", { "g/a.lua" })
  test.equal(list "g/*/c.lua", { "g/x/c.lua" })
  test.equal(list "*/a.lua", { "g/a.lua" })
end)

test("two stars match any number of folders and follow no link", function()
  test.equal(list "g/**/*.lua", { "g/[1].lua", "g/a.lua", "g/x/c.lua", "g/x/y/d.lua" })
  test.equal(list "g/**/**/d.lua", { "g/x/y/d.lua" })
  test.equal(list "**/d.lua", { "g/x/y/d.lua" })
  test.equal(list "g/x/**", { "g/x/c.lua", "g/x/up", "g/x/y", "g/x/y/d.lua" })
end)

test("a hidden file is found by a point only", function()
  test.equal(list "g/.*.lua", { "g/.hidden.lua" })
  test.equal(list "g/.git/*", { "g/.git/e.lua" })
end)

test("a pattern without wildcards finds what is there, links that lead nowhere too", function()
  test.equal({ list "g/a.lua", list "g/nosuch", list "g/dangling", list "" },
    { { "g/a.lua" }, {}, { "g/dangling" }, {} })
  test.equal(list [[g/\[1\].lua]], { "g/[1].lua" })
  test.equal({ list "/", list "/.//", list "/etc/passw[d]" }, { {}, { "/./" }, { "/etc/passwd" } })
end)

test("a slash at the end asks for folders", function()
  test.equal(list "g/*/", { "g/x/" })
end)

test("a folder that is not there gives nothing, one that cannot be read is an error", function()
  test.equal({ list "nosuch/*", list "g/a.lua/*" }, { {}, {} })
  if kdev.host.facts().root then return end
  fs.mkdir("closed")
  kdev.proc.run { "chmod", "0", "closed" }
  test.equal(test.fails("could not list closed/: Permission denied", list, "closed/*").kind, "permission")
  test.equal(list "*/*.nothing", {})
end)

test("a path is compared by the rules that list has", function()
  for _, case in ipairs {
    { "*.lua", "a.lua", true }, { "*.lua", "a/b.lua", false }, { "**/*.lua", "a.lua", true },
    { "**/*.lua", "a/b/c.lua", true }, { "a/**", "a", false }, { "a/**", "a/b/c", true },
    { "a/**/d", "a/d", true },
    { "a/**/d", "a/b/c/d", true }, { "**/*", ".git/x", false }, { "*", ".x", false }, { ".*", ".x", true },
    { "/a/*", "/a/b", true }, { "/a", "a", false }, { "[ab]?", "bx", true },
    { "\\*", "*", true }, { "\\*", "a", false },
    { "a/b/", "a/b", true }, { "", "", true }, { "**", "a/b", true },
  } do
    test.equal({ case[1], case[2], kdev.glob.match(case[1], case[2]) }, case)
  end
  -- What list finds matches.
  kdev.fs.mkdir "gm/x/y"
  for _, name in ipairs { "gm/a.c", "gm/x/b.c", "gm/x/y/c.c", "gm/x/.d.c" } do kdev.fs.write(name, "") end
  for _, pattern in ipairs { "gm/**/*.c", "gm/*", "gm/**", "gm/x/.*" } do
    local listed <const> = {}
    for _, path in ipairs(kdev.glob.list(pattern)) do listed[path] = true end
    for path in kdev.fs.walk "gm" do
      test.equal({ pattern, path, kdev.glob.match(pattern, path) }, { pattern, path, listed[path] or false })
    end
  end
end)

test.done()
