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

test("folder and environment are as told", function()
  test.equal(proc.run({ "sh", "-c", "echo $PWD $A", cwd = "/tmp", env = { A = "x y" } }).stdout, "/tmp x y\n")
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

test.done()
