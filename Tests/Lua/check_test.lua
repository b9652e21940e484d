-- `kdevlua check`: what it finds is in Tests/ModulesTests/ScriptCheckTests.swift; here is how it is called.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local exe <const> = kdev.fs.absolute "/proc/self/exe"

local function check(...)
  return kdev.proc.run { exe, "check", check = false, ... }
end

kdev.fs.mkdir "scripts/inner/.hidden"
kdev.fs.write("scripts/good.lua", '#!/usr/bin/env -S kdevlua run\nos.execute "touch ran"\n')
kdev.fs.write("scripts/inner/bad.lua", '#!/usr/bin/env -S kdevlua run\nrequire("kdev").disk.creat()\n')
kdev.fs.write("scripts/inner/.hidden/worse.lua", "if")
kdev.fs.write("scripts/notes.txt", "if")
kdev.fs.write("warned.lua", "prnt()\n")

test("a script without a mistake says nothing", function()
  local result <const> = check "scripts/good.lua"
  test.equal({ result.status, result.stdout, result.stderr }, { 0, "", "" })
end)

test("a mistake is a line as compilers write them, and ends with 1", function()
  local result <const> = check("scripts/good.lua", "scripts/inner/bad.lua")
  test.equal({ result.status, result.stderr }, { 1, "" })
  test.equal(result.stdout,
    "scripts/inner/bad.lua:2:22: error: kdev.disk has no field 'creat'\n  hint: did you mean 'create'?\n")
end)

test("a folder stands for the scripts in it, hidden folders left out", function()
  test.equal(check("scripts").stdout, check("scripts/inner/bad.lua").stdout)
end)

test("a warning alone ends with 0", function()
  local result <const> = check "warned.lua"
  test.equal({ result.status, result.stdout:match "^[^\n]+" },
    { 0, "warned.lua:1:1: warning: the global 'prnt' is nowhere given a value" })
end)

test("- is standard input", function()
  local result <const> = kdev.proc.run { exe, "check", "-", stdin = "x = = 1", check = false }
  test.equal({ result.status, result.stdout }, { 1, "stdin:1:5: error: unexpected symbol near '='\n" })
end)

test("as JSON the findings are one array", function()
  test.equal(kdev.json.decode(check("--format", "json", "scripts/good.lua").stdout), {})
  test.equal(kdev.json.decode(check("--format", "json", "scripts").stdout), {
    {
      file = "scripts/inner/bad.lua", line = 2, column = 22, severity = "error", code = "unknown-field",
      message = "kdev.disk has no field 'creat'", hint = "did you mean 'create'?",
    },
  })
end)

test("a file that is not there is an error, and no file is wrong usage", function()
  local result <const> = check "no.lua"
  test.equal(result.status, 1)
  test.contains(result.stderr, "could not read no.lua")
  test.equal(check().status, 2)
end)

test("a file that is not there hides nothing of the others", function()
  local bad <const> = "scripts/inner/bad.lua"
  local result <const> = check("no.lua", bad, "nor.lua", "warned.lua")
  test.equal({ result.status, result.stdout }, { 1, check(bad).stdout .. check("warned.lua").stdout })
  test.contains(result.stderr, "could not read no.lua")
  test.contains(result.stderr, "could not read nor.lua")
  test.equal(#kdev.json.decode(check("--format", "json", "no.lua", bad).stdout), 1)
  test.equal(check("no.lua", "warned.lua").status, 1)
end)

test("nothing was run", function() test.equal(kdev.fs.exists "ran", false) end)

test.done()
