-- What the program answers to what was typed: help, wrong words, output that cannot be written.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local program <const> = kdev.fs.absolute "/proc/self/exe"

local function kdevlua(...) return kdev.proc.run { program, check = false, ... } end

test("each command that takes a script's words has a help of its own", function()
  for _, command in ipairs { "run", "eval", "repl", "warm" } do
    for _, option in ipairs { "--help", "-h" } do
      local result <const> = kdevlua(command, option)
      test.equal({ result.status, result.stderr }, { 0, "" })
      test.contains(result.stdout, "USAGE: kdevlua " .. command)
    end
  end
end)

test("no default in a help is a type of Swift's", function()
  test.contains(kdevlua("suite", "schedule", "--help").stdout:gsub("%s+", " "), "enabled. (default: true)")
  for _, command in ipairs { "plan", "why", "schedule", "status", "kernel", "check" } do
    local text <const> = kdevlua("suite", command, "--help").stdout:gsub("%s+", " ")
    test.equal(text:match "%(default: %w+%(.-%)", nil)
  end
end)

test("unknown words are answered with the near ones", function()
  kdev.fs.write("hello.lua", "print 'hello'")
  kdev.fs.mkdir "there"
  kdev.fs.write("there/hello.lua", "print 'hello'")
  kdev.fs.write("declared.lua", [[
    require("kdev.cli").options { about = "Test.", { "name", type = "string", default = "x", help = "Name." } }]])
  for line, answer in pairs {
    ["rnu x"] = "no command rnu; did you mean run?", ["rnu"] = "no command rnu; did you mean run?",
    ["xyzzy"] = "no command xyzzy; kdevlua --help lists them",
    ["setup.lua"] = "no command setup.lua; a script is run by kdevlua run setup.lua",
    ["suite paln x"] = "no command paln; did you mean plan?",
    ["help rnu"] = "no command rnu; did you mean run?", ["help suite paln"] = "no command paln; did you mean plan?",
    ["suite help paln"] = "no command paln; did you mean plan?",
    ["run --dryrun x"] = "unknown option --dryrun; did you mean --dry-run?",
    ["warm --quite"] = "unknown option --quite; did you mean --quiet?",
    ["repl --tarce"] = "unknown option --tarce; did you mean --trace?",
    ["run declared.lua --dry-run"] = "options of kdevlua go before the script: kdevlua run --dry-run declared.lua",
    ["run declared.lua -q"] = "options of kdevlua go before the script: kdevlua run -q declared.lua",
  } do
    local words <const> = {}
    for word in line:gmatch "%S+" do words[#words + 1] = word end
    local result <const> = kdevlua(table.unpack(words))
    test.equal({ line, result.status }, { line, 2 })
    test.contains(result.stderr, answer .. "\n")
  end
  for name, answer in pairs {
    ["setp.lua"] = "setup.lua", ["hello"] = "hello.lua", ["ceph_mount.lua"] = "workflows/ceph_mount.lua",
    ["ceph_mont"] = "workflows/ceph_mount.lua", ["there/helo.lua"] = "there/hello.lua",
  } do
    local result <const> = kdevlua("run", name)
    test.equal(result.status, 1)
    test.contains(result.stderr, "there is no script " .. name)
    test.contains(result.stderr, "; did you mean " .. answer .. "?\n")
  end
  test.equal(kdevlua("run", "xyzzy").stderr:find("did you mean", 1, true), nil)
end)

test("a misspelt module, field or option of a module is explained", function()
  for source, answer in pairs {
    ["kdev.dsk.create {}"] = "kdev has no module 'dsk'; did you mean 'disk'?",
    ["require 'kdev.dsk'"] = "\n\tdid you mean 'kdev.disk'?\n",
    ["kdev.disk.creat {}"] = "'creat')\n  kdev.disk has no field 'creat'; did you mean 'create'?\nstack traceback:",
    ["kdev.task.slep(1)"] = "task has no field 'slep'; did you mean 'sleep'?",
    ["kdev.task.all { function() return kdev.fs:raed() end }"] = "kdev.fs has no field 'raed'; did you mean 'read'?",
    ["kdev.merge.chose {}"] = "kdev.merge has no field 'chose'; did you mean 'choose'?",
  } do
    local result <const> = kdevlua("eval", source)
    test.equal(result.status, 1)
    test.contains(result.stderr, answer)
    local _, count <const> = result.stderr:gsub("did you mean", "")
    test.equal(count, 1)
  end
  test.contains(kdevlua("eval", "kdev.xyzzy()").stderr, "kdev has no module 'xyzzy'\n")
  -- Whoever looks may do so.
  test.equal(kdevlua("eval", "print(kdev.disk.creat, kdev.disk[1], kdev[1])").stdout, "nil\tnil\tnil\n")
  local other <const> = kdevlua("eval", "local t <const> = { kdev.disk.creat } t.x()")
  test.equal(other.stderr:find("did you mean", 1, true), nil)
end)

test("an expression is to be printed", function()
  local result <const> = kdevlua("eval", "1+1")
  test.equal(result.status, 1)
  test.contains(result.stderr, "an expression is no line of Lua; print(1+1) prints it")
  for _, source in ipairs { "x = = 1", "error 'bad'", "return 1 + {}" } do
    test.equal(kdevlua("eval", source).stderr:find("expression", 1, true), nil)
  end
end)

test("run - reads the script from standard input", function()
  local source <const> = "#!/usr/bin/env -S kdevlua run\nprint(arg[0], #'\xff', ...) error 'bad'"
  for _, words in ipairs { { "-" }, { "--quiet", "-" } } do
    local all <const> = { program, "run", check = false, stdin = source, table.unpack(words) }
    all[#all + 1] = "a"
    local result <const> = kdev.proc.run(all)
    test.equal({ result.status, result.stdout }, { 1, "-\t1\ta\n" })
    test.contains(result.stderr, "stdin:2: bad")
  end
end)

local full <const> = { file = "/dev/full" }

test("output that cannot be written is an error", function()
  kdev.fs.write("out.lua", "print 'x'")
  kdev.fs.write("wrong.lua", "local kdev <const> = require 'kdev'\nkdev.dsk()\n")
  kdev.fs.mkdir "qa/suites/s"
  kdev.fs.write("qa/suites/s/a.yaml", "a: 1\n")
  for _, words in ipairs {
    { "run", "out.lua" }, { "run", "--main", "out.lua" }, { "eval", "io.write 'x'" }, { "ps", "--json" }, { "--help" },
    { "eval", "io.write(('x'):rep(1e5))" }, { "eval", "print(1) os.exit(0)" }, { "run", "--help" }, { "--version" },
    { "eval", "--dry-run", "kdev.proc.run { 'touch', 'x' }" }, { "check", "wrong.lua" },
    { "suite", "plan", "qa/suites/s", "--format", "json", "--quiet" },
  } do
    local line <const> = table.concat(words, " ")
    test.equal({ line, kdevlua(table.unpack(words)).status }, { line, words[1] == "check" and 1 or 0 })
    local result <const> = kdev.proc.run { program, check = false, stdout = full, table.unpack(words) }
    test.equal({ line, result.status }, { line, 1 })
    test.equal({ line, result.stderr }, { line, "kdevlua: could not write the output: No space left on device\n" })
  end
  -- Another status stays.
  test.equal(kdev.proc.run({ program, "eval", "print(1) os.exit(7)", check = false, stdout = full }).status, 7)
end)

test("that nobody reads the output is none", function()
  kdev.fs.write("many.lua", "for i = 1, 1e5 do print(i) end")
  local script <const> = [[trap "" PIPE; "$0" run many.lua | head -n 1; echo ${PIPESTATUS[0]}]]
  local result <const> = kdev.proc.run { "bash", "-c", script, program }
  test.equal({ result.stdout, result.stderr }, { "1\n0\n", "" })
end)

test("an error that nobody awaited ends the program with 1, after the script", function()
  local source <const> = "kdev.task.spawn(function() error 'lost' end) kdev.task.sleep(0.01) print 'end'"
  local result <const> = kdevlua("eval", source)
  test.equal({ result.status, result.stdout }, { 1, "end\n" })
  test.contains(result.stderr, "kdevlua: error in a task that nobody awaited: (command line):1: lost")
  local event <const> = kdev.json.decode(kdevlua("eval", "--log-format", "json", source).stderr)
  test.equal(event.event, "error")
  test.contains(event.text, "error in a task that nobody awaited: (command line):1: lost")
  -- What the script asks for is heeded, and a task that was awaited, or cancelled at the end, is none.
  test.equal(kdevlua("eval", source .. " os.exit(0)").status, 0)
  test.equal(kdevlua("eval", "local t <const> = kdev.task.spawn(error, 'x') pcall(t.await, t)").status, 0)
  test.equal(kdevlua("eval", "kdev.task.spawn(kdev.task.sleep, 60) kdev.task.sleep(0.01)").status, 0)
end)

test("the error that ends a run is an event, too", function()
  local event <const> = kdev.json.decode(kdevlua("eval", "--log-format", "json", "error('bad', 0)").stderr)
  test.equal(event.event, "error")
  test.contains(event.text, "bad")
end)

test.done()
