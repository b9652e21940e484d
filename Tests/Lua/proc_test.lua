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
