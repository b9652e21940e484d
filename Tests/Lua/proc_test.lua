-- kdev.proc and kdev.fs: programs and files of the host.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local proc <const>, fs <const> = kdev.proc, kdev.fs

test("a program gets its arguments as they are", function()
  test.equal(proc.run({ "printf", "[%s]", "a b", "", "$HOME", "it's" }).stdout, "[a b][][$HOME][it's]")
end)

test("status, output and error come apart", function()
  test.equal(proc.run { "sh", "-c", "echo out; echo err >&2; exit 3", check = false },
    { status = 3, stdout = "out\n", stderr = "err\n" })
end)

test("a status other than 0 is an error unless it is allowed", function()
  local err <const> = test.fails("false ended with status 1", proc.run, { "false" })
  test.equal({ err.kind, err.status, err.command[1] }, { "command", 1, "false" })
end)

test("bytes go in and out unharmed", function()
  local all <const> = {}
  for byte = 0, 255 do all[#all + 1] = string.char(byte) end
  local bytes <const> = table.concat(all):rep(100)
  test.equal(proc.run({ "cat", stdin = bytes }).stdout == bytes, true)
end)

test("the standard input is a file, or kdevlua's own", function()
  fs.write("input", "from a file\n")
  test.equal(proc.run({ "cat", stdin = { file = "input" } }).stdout, "from a file\n")
  local process <close> = proc.spawn { "cat", stdin = { file = "input" } }
  test.equal(process:lines()(), "from a file")
  test.equal(test.fails("", process.write, process, "x").kind, "invalid")
  test.equal(test.fails("none", proc.run, { "cat", stdin = { file = "none" } }).kind, "missing")
  local program <const> = fs.absolute "/proc/self/exe"
  local script <const> = [[local proc = require "kdev.proc"
    proc.run { "cat", stdin = "inherit", stdout = "inherit" }
    local p = proc.spawn { "cat", stdin = "inherit" } assert(p:wait().stdout == "")]]
  test.equal(proc.run({ program, "eval", script, stdin = "own\0" }).stdout, "own\0")
end)

test("an input file can be a named pipe, which others may open later", function()
  proc.run { "mkfifo", "pipe" }
  local writer <close> = proc.spawn { "sh", "-c", "sleep 0.2; echo late > pipe" } -- luacheck: ignore writer
  test.equal(proc.run({ "cat", stdin = { file = "pipe" } }).stdout, "late\n")
  local err <const> = test.fails("", kdev.task.timeout, 0.1, proc.run, { "cat", stdin = { file = "pipe" } })
  test.equal(err.kind, "timeout")
end)

test("a program with nothing to read of does not outlive kdevlua's end by force", function()
  local script <const> = [[require("kdev.proc").run { "sh", "-c", "trap '' INT TERM; echo $$ > pid; sleep 20; sleep 20",
    stdout = "discard", stderr = "inherit" }]]
  local process <close> = proc.spawn { fs.absolute "/proc/self/exe", "eval", script, check = false }
  while not fs.exists "pid" or fs.read "pid" == "" do kdev.task.sleep(0.02) end
  for _ = 1, 3 do
    process:kill "INT"
    kdev.task.sleep(0.1)
  end
  process:wait()
  test.equal(proc.run({ "kill", "-0", fs.read("pid"):match "%d+", check = false }).status, 1)
end)

-- What a script writes on a terminal. Each text of `typed` is typed once what stands before it was written.
local function on_terminal(script, typed)
  fs.write("terminal.lua", 'local kdev <const> = require "kdev"\n' .. script)
  local words <const> = { "stty -echo; exec", fs.absolute "/proc/self/exe", "run --quiet terminal.lua" }
  local process <close> = proc.spawn {
    "script", "-qec", table.concat(words, " "), "/dev/null", stdin = "pipe", check = false,
  }
  return kdev.task.timeout(15, function()
    local output = ""
    for _, line in ipairs(typed) do
      repeat
        local part <const> = process:read()
        output = output .. (part or "")
      until not part or output:find(line[1], 1, true)
      process:write(line[2])
    end
    return ((output .. process:wait().stdout):gsub("\r\n", "\n"))
  end)
end

test("a program that has the terminal has it to its end", function()
  test.contains(on_terminal([[
    kdev.proc.run { "sh", "-c", "sleep 0.3; echo ready; read x; echo got $x",
      stdin = "inherit", stdout = "inherit", stderr = "inherit" }
    print "over"]], { { "ready", "word\n" } }), "got word\nover\n")
end)

test("it cannot be stopped there", function()
  test.contains(on_terminal([[
    kdev.proc.run { "sh", "-c", "sleep 0.3; echo ready; read x; echo got $x", stdin = "inherit", stdout = "inherit" }
    print "over"]], { { "ready", "\26word\n" } }), "got word\nover\n")
end)

test("the terminal is lent to one program at a time", function()
  local seen <const> = on_terminal([[
    do
      local first <close> = kdev.proc.spawn { "sleep", "5", stdin = "inherit" } -- luacheck: ignore first
      kdev.task.sleep(0.1)
      local ok, err = pcall(kdev.proc.run, { "cat", stdin = "inherit" })
      print(ok, err.kind, err.message)
    end
    print(kdev.proc.run { "true", stdin = "inherit" }.status)]], {})
  test.contains(seen, "false\tbusy\t")
  test.contains(seen, "\n0\n")
end)

test("PATH is resolved once, and again when the program is gone", function()
  for _, folder in ipairs { "early", "late" } do
    fs.mkdir(folder)
    fs.write(folder .. "/which-one", "#!/bin/sh\necho " .. folder .. "\n", { mode = "755" })
  end
  local script <const> = [[local fs, proc = require "kdev.fs", require "kdev.proc"
    local function say() io.write(proc.run({ "which-one" }).stdout) end
    fs.move("early/which-one", "kept") say()
    fs.move("kept", "early/which-one") say()
    fs.remove "late/which-one" say()]]
  local out <const> = proc.run { fs.absolute "/proc/self/exe", "eval", script,
    env = { PATH = fs.absolute "early" .. ":" .. fs.absolute "late" .. ":" .. os.getenv "PATH" } }
  test.equal(out.stdout, "late\nlate\nearly\n")
end)

test("a gibibyte by lines takes no memory", function()
  -- Seconds of work: asked for by scripts/soak.
  local size <const> = os.getenv "KDEVLUA_SOAK" and 1 << 30 or 1 << 26
  local function peak() return tonumber(fs.read("/proc/self/status"):match "VmHWM:%s*(%d+)") end
  local source <const> = ("yes %s | head -c %d"):format(("x"):rep(1023), size)
  local before <const>, bytes, lines = peak(), 0, 0
  proc.run { "sh", "-c", source, stdout = function(line) bytes, lines = bytes + #line + 1, lines + 1 end }
  test.equal({ bytes, lines }, { size, size // 1024 })
  local process <close> = proc.spawn { "sh", "-c", source }
  bytes = 0
  for line in process:lines() do bytes = bytes + #line + 1 end
  test.equal(bytes, size)
  assert(peak() - before < 48 << 10, peak() - before .. " KiB")
end)

test("folder and environment are as told", function()
  test.equal(proc.run({ "sh", "-c", "echo $PWD $A", cwd = "/tmp", env = { A = "x y" } }).stdout, "/tmp x y\n")
end)

test("the language of a program is the user's", function()
  local command <const> = { "sh", "-c", "echo ${LC_ALL-none}" }
  test.equal(proc.run(command).stdout, (os.getenv "LC_ALL" or "none") .. "\n")
  command.env = { LC_ALL = "C" }
  test.equal(proc.run(command).stdout, "C\n")
end)

test("a program that is not there is an error", function()
  test.equal(test.fails("the program nosuch is not installed", proc.run, { "nosuch" }).kind, "missing")
end)

test("a program that takes too long is ended with all that it started", function()
  local slow <const> = { "sh", "-c", "sleep 77.5 & sleep 77.5", timeout = 0.2 }
  test.equal(test.fails("within 0.2 s", proc.run, slow).kind, "timeout")
  test.equal(proc.run({ "pgrep", "-f", "^sleep 77.5", check = false }).stdout, "")
end)

test("lines come one by one, in order, bytes unharmed, also the last one without a line feed", function()
  local lines <const> = {}
  local script <const> = [[printf 'a\n\n\377\0b\r\nno end']]
  local result <const> = proc.run { "sh", "-c", script, stdout = function(line) lines[#lines + 1] = line end }
  test.equal(lines, { "a", "", "\255\0b\r", "no end" })
  test.equal(result, { status = 0, stdout = "", stderr = "" })
end)

test("a line comes when it is written, not when the program ends", function()
  local first
  local start <const> = kdev.time.monotonic()
  proc.run { "sh", "-c", "echo now; sleep 0.5", stdout = function() first = kdev.time.monotonic() - start end }
  test.equal(first < 0.4, true)
end)

test("a function may wait, and both outputs may have one", function()
  local out <const>, err <const> = {}, {}
  proc.run {
    "sh", "-c", "for i in 1 2 3; do echo o$i; echo e$i >&2; done",
    stdout = function(line)
      kdev.task.sleep(0.01)
      out[#out + 1] = line
    end,
    stderr = function(line) err[#err + 1] = line end,
  }
  test.equal({ out, err }, { { "o1", "o2", "o3" }, { "e1", "e2", "e3" } })
end)

local function peak() return tonumber(fs.read("/proc/self/status"):match("VmHWM:%s*(%d+) kB")) end

test("output by lines takes no memory", function()
  local before <const>, line <const> = peak(), ("y"):rep(99)
  local count, wrong = 0, 0
  proc.run {
    "sh", "-c", "yes " .. line .. " | head -c 200000000",
    stdout = function(got)
      count = count + 1
      if got ~= line then wrong = wrong + 1 end
    end,
  }
  test.equal({ count, wrong }, { 2000000, 0 })
  test.equal(peak() - before < 100 * 1024, true)
end)

test("an error in the function ends the program with all that it started, and is raised as it is", function()
  local mine <const> = { "mine" }
  local slow <const> = "trap '' TERM; (trap '' TERM; exec sleep 76.5) & echo go; exec sleep 76.5"
  local ok <const>, err <const> = pcall(proc.run, { "sh", "-c", slow, stdout = function() error(mine) end })
  test.equal({ ok, err == mine }, { false, true })
  test.equal(proc.run({ "pgrep", "-f", "^sleep 76.5", check = false }).stdout, "")
end)

test("outputs go into files, together, or nowhere", function()
  local both <const> = { "sh", "-c", "echo out; echo err >&2" }
  local function run(options)
    table.move(both, 1, 3, 1, options)
    return proc.run(options)
  end
  run { stdout = { file = "o" }, stderr = { file = "e" } }
  run { stdout = { file = "o", append = true }, stderr = { file = "e" } }
  test.equal({ fs.read("o"), fs.read("e") }, { "out\nout\n", "err\n" })
  run { stdout = { file = "o" }, stderr = "stdout" }
  test.equal(fs.read("o"), "out\nerr\n")
  test.equal(run { stderr = "stdout" }.stdout, "out\nerr\n")
  test.equal(run { stdout = "discard", stderr = "discard" }, { status = 0, stdout = "", stderr = "" })
  test.equal(run { stdout = "inherit", stderr = "discard" }.stdout, "")
  test.fails("could not write no/where", run, { stdout = { file = "no/where" } })
  test.fails("field 'stdout'", run, { stdout = "stdout" })
end)

test("a program that does not read its input does no harm", function()
  test.equal(proc.run({ "true", stdin = ("x"):rep(1000000) }).status, 0)
end)

local function running(pattern) return proc.run({ "pgrep", "-f", pattern, check = false }).stdout ~= "" end

test("one talks to a program that was spawned", function()
  local cat <close> = proc.spawn { "cat", stdin = "pipe" }
  local next_line <const> = cat:lines()
  for i = 1, 3 do
    cat:write("line " .. i .. "\n")
    test.equal(next_line(), "line " .. i)
  end
  cat:write "a\nno end"
  cat:close_stdin()
  test.equal({ next_line(), next_line(), next_line() }, { "a", "no end" })
  test.equal(cat:wait(), { status = 0, stdout = "", stderr = "" })
  test.fails("cat does not read its input any more", cat.write, cat, "x")
  test.equal(cat:kill(), false)
end)

test("what was not taken of the output is in the result, which can be had twice", function()
  local sh <close> = proc.spawn { "sh", "-c", "echo one; yes | head -c 1000000; echo err >&2; exit 3", check = false }
  test.equal(sh:lines()(), "one")
  local result <const> = sh:wait()
  test.equal({ result.status, #result.stdout, result.stderr }, { 3, 1000000, "err\n" })
  test.equal(sh:wait(), result)
  test.equal({ sh:read(1), #sh:read(), #sh:read(1000000), sh:read() }, { "y", 65536, 1000000 - 65537 })
  local bad <close> = proc.spawn { "false" }
  test.equal(test.fails("false ended with status 1", bad.wait, bad).status, 1)
end)

test("the lines of a program that was spawned take no memory, however long they are", function()
  local before <const> = peak()
  local script <const> = "yes " .. ("y"):rep(99) .. " | head -c 50000000; head -c 300000 /dev/zero"
  local yes <close> = proc.spawn { "sh", "-c", script }
  local count, last = 0, nil
  for line in yes:lines() do count, last = count + 1, line end
  test.equal({ count, #last }, { 500001, 300000 })
  test.equal(peak() - before < 100 * 1024, true)
end)

test("a program that nobody reads does not run ahead, and can be closed", function()
  do
    local yes <close> = proc.spawn { "yes", "75.4" }
    test.equal(yes:read(3), "75.")
    kdev.task.sleep(0.05)
  end
  test.equal(running "^yes 75.4", false)
end)

test("closing ends all of the group, also what ignores being asked", function()
  local start <const> = kdev.time.monotonic()
  do
    local sh <close> = proc.spawn { "sh", "-c", "(trap '' TERM; echo up; exec sleep 74.5) & exec sleep 74.5" }
    test.equal({ sh:lines()(), math.type(sh.pid) }, { "up", "integer" })
  end
  test.equal(running "^sleep 74.5", false)
  test.equal(kdev.time.monotonic() - start < 4, true)
end)

test("a program that ends by itself takes its group with it", function()
  local sh <close> = proc.spawn { "sh", "-c", "sleep 73.5 & echo done" }
  test.equal(sh:wait().stdout, "done\n")
  test.equal(running "^sleep 73.5", false)
end)

test("a signal reaches the program", function()
  local loop <const> = "trap 'exit 7' USR1; echo up; while :; do sleep 0.01; done"
  local sh <close> = proc.spawn { "sh", "-c", loop, check = false }
  sh:lines()()
  test.fails("a signal expected", sh.kill, sh, "SIGTERM")
  test.equal({ sh:kill "USR1", sh:wait().status }, { true, 7 })
  local sleeper <close> = proc.spawn { "sleep", "72.5", check = false }
  test.equal({ sleeper:kill(), sleeper:wait().status }, { true, 143 })
end)

test("a spawned program has a time limit, a function and its errors as one that is run", function()
  local slow <close> = proc.spawn { "sleep", "71.5", timeout = 0.1 }
  test.equal(test.fails("sleep did not end within 0.1 s", slow.wait, slow).kind, "timeout")
  test.equal(test.fails("within 0.1 s", slow:lines()).kind, "timeout")
  local mine <const> = {}
  local sh <close> = proc.spawn { "sh", "-c", "echo go; sleep 71.5", stdout = function() error(mine) end }
  test.equal(select(2, pcall(sh.wait, sh)) == mine, true)
  test.equal(running "^sleep 71.5", false)
  test.equal(test.fails("the program nosuch is not installed", proc.spawn, { "nosuch" }).kind, "missing")
  test.fails("was not started with stdin", slow.write, slow, "x")
end)

test("a cancelled reader leaves the program to others", function()
  local cat <close> = proc.spawn { "cat", stdin = "pipe" }
  test.fails("timed out", kdev.task.timeout, 0.05, cat:lines())
  cat:write "x\n"
  test.equal(cat:lines()(), "x")
end)

test("200 spawned programs leave no descriptor and no process", function()
  local function descriptors() return #fs.list "/proc/self/fd" end
  local function one() local p <close> = proc.spawn { "cat", stdin = "pipe" } p:write "x" test.equal(p:read(), "x") end
  one()
  local before <const> = descriptors()
  for _ = 1, 50 do kdev.task.all { one, one, one, one } end
  test.equal(descriptors() <= before, true)
  test.equal(proc.run({ "ps", "--ppid", fs.read "/proc/self/stat":match "^%d+", "-o", "comm=" }).stdout, "ps\n")
end)

test("the end of a script ends what it has spawned, also when nothing holds it", function()
  fs.write("s.lua", [[
    local proc <const> = require "kdev".proc
    proc.spawn { "sh", "-c", "(trap '' TERM; echo up; exec sleep 70.5) & exec sleep 70.5" }:lines()()
    collectgarbage()
    collectgarbage()
  ]])
  proc.run { fs.read "/proc/self/cmdline":match "^%Z+", "run", "s.lua" }
  test.equal(running "^sleep 70.5", false)
end)

test("in a dry run nothing is spawned", function()
  fs.write("d.lua", [[
    local p <close> = require "kdev".proc.spawn { "touch", "made", stdin = "pipe", stdout = error }
    p:write "x"
    p:close_stdin()
    assert(p.pid == nil and p:lines()() == nil and p:read() == nil and p:kill() == false)
    assert(p:wait().status == 0)
  ]])
  local result <const> = proc.run { fs.read "/proc/self/cmdline":match "^%Z+", "run", "--dry-run", "d.lua" }
  test.contains(result.stdout .. result.stderr, "touch made")
  test.equal(fs.exists "made", false)
end)

test("a file is written, read and removed", function()
  fs.mkdir("a/b")
  fs.write("a/b/c", "x\0y")
  test.equal(fs.read("a/b/c"), "x\0y")
  fs.remove("a/b/c")
  fs.remove("a/b/c")
  test.equal(test.fails("could not read a/b/c: No such file", fs.read, "a/b/c").kind, "missing")
end)

test("a temporary file is gone with its scope", function()
  local path
  do
    local file <close> = fs.temporary { folder = ".", content = "here" }
    path = file.path
    test.equal({ file:read(), fs.exists(path) }, { "here", true })
  end
  test.equal(fs.exists(path), false)
end)


test("which finds a program where run finds it", function()
  test.equal(kdev.proc.which "sh", (kdev.proc.run({ "sh", "-c", "command -v sh", query = true }).stdout:gsub("\n", "")))
  test.equal(kdev.proc.which "nonesuch-program", nil)
  test.equal(kdev.proc.which "/bin/sh", "/bin/sh")
end)

test.done()
