-- kdev.disk.image: fetched from a server on loopback, and kept in a cache of its own.
local test <const> = require "testing"
local kdev <const> = require "kdev"

-- Serves the folder "www", says which port it has, and then a line for each request.
local server_source <const> = [[
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
  def log_message(self, *words): pass
  def do_GET(self):
    print(self.path, flush=True)
    super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="www"))
print(server.server_port, flush=True)
server.serve_forever()
]]

kdev.fs.mkdir "www"
local made <const> = kdev.disk.create { path = "www/cloud.qcow2", size = "8M" }
kdev.proc.run { "qemu-io", "-f", "qcow2", "-c", "write -P 5 0 2M", made.path }
kdev.fs.write("www/small.iso", ("iso"):rep(1000))
kdev.disk.overlay { path = "www/evil.qcow2", backing = made }

local function sum(path, program) return kdev.proc.run({ program or "sha256sum", path }).stdout:match "%x+" end
local function images()
  local found <const> = {}
  for path in kdev.fs.walk(kdev.fs.absolute "cache/images") do
    local name <const> = path:match "[^/]+$"
    if kdev.fs.stat(path).type == "file" and not name:find "^%." then found[#found + 1] = name end
  end
  return found
end

local server <close> = kdev.proc.spawn { "python3", "-c", server_source }
local lines <const> = server:lines()
local address <const> = "http://127.0.0.1:" .. lines()

-- Each call is a script of its own, with that cache.
local function image(options)
  local script <const> = ("local d = kdev.disk.image(%s) print(d.path, d.format, d.size)"):format(options)
  local cache <const> = kdev.fs.absolute "." .. "/cache"
  local program <const> = kdev.fs.absolute "/proc/self/exe"
  return kdev.proc.run { program, "eval", script, env = { KDEVLUA_CACHE = cache }, check = false }
end

test("an image is fetched once, verified, and can only be read", function()
  local options <const> = ("{ url = %q, sha256 = %q }"):format(address .. "/cloud.qcow2", sum "www/cloud.qcow2")
  local first <const> = image(options)
  local path <const>, format <const>, size <const> = first.stdout:match "^(%S+)\t(%S+)\t(%d+)\n$"
  test.equal({ first.status, format, size }, { 0, "qcow2", "8388608" })
  test.equal(lines(), "/cloud.qcow2")
  test.equal({ sum(path), kdev.fs.stat(path).mode & 0x1ff }, { sum "www/cloud.qcow2", 0x124 })
  test.contains(image(options).stderr, "from the cache")
  -- Changed in the cache: it is looked at again.
  kdev.fs.chmod(path, "644")
  kdev.fs.append(path, "x")
  local changed <const> = image(options)
  test.equal(changed.status, 1)
  test.contains(changed.stderr, "is not what it should be: its sha256 is " .. sum(path))
  kdev.fs.remove(path)
  test.equal(image(options).status, 0)
  test.equal(lines(), "/cloud.qcow2")
end)

test("an image with another checksum is not kept", function()
  local wrong <const> = ("0"):rep(128)
  local result <const> = image(("{ url = %q, sha512 = %q }"):format(address .. "/small.iso", wrong))
  test.equal({ result.status, lines() }, { 1, "/small.iso" })
  test.contains(result.stderr, "its sha512 is " .. sum("www/small.iso", "sha512sum") .. ", wanted is " .. wrong)
  test.equal(images(), { "cloud.qcow2" })
end)

test("what is not there, or cannot be reached, is an error", function()
  local result <const> = image(("{ url = %q }"):format(address .. "/none.iso"))
  test.equal({ result.status, lines() }, { 1, "/none.iso" })
  test.contains(result.stderr, "the server does not give " .. address .. "/none.iso")
  test.equal(test.fails("not the address of an image", kdev.disk.image, { url = "ftp://a/b.iso" }).kind, "invalid")
  test.fails("64 hexadecimal digits expected", kdev.disk.image, { path = "a", sha256 = "abc" })
  test.fails("this or path expected", kdev.disk.image, {})
  test.equal(images(), { "cloud.qcow2" })
end)

test("an image that stands on a file of this machine is not taken", function()
  local result <const> = image(("{ url = %q }"):format(address .. "/evil.qcow2"))
  test.equal({ result.status, lines() }, { 1, "/evil.qcow2" })
  test.contains(result.stderr, "stands on another file, " .. made.path)
  test.equal(images(), { "cloud.qcow2" })
end)

test("without a checksum that is said", function()
  local result <const> = image(("{ url = %q }"):format(address .. "/small.iso"))
  test.equal({ result.status, lines() }, { 0, "/small.iso" })
  test.contains(result.stdout, "/small.iso\traw\t3072\n")
  test.contains(result.stderr, "small.iso is not verified")
end)

test("an image of this machine is verified where it is", function()
  local here <const> = kdev.disk.image { path = "www/small.iso", sha256 = sum "www/small.iso", format = "raw" }
  test.equal({ here.path, here.format }, { kdev.fs.absolute "www/small.iso", "raw" })
  test.equal(test.fails("is not what it should be", kdev.disk.image,
    { path = "www/small.iso", sha256 = ("0"):rep(64) }).kind, "conflict")
  test.equal(test.fails("no disk image", kdev.disk.image, { path = "www/none.iso" }).kind, "missing")
end)

test("a full cache is an error that leaves nothing", function()
  if kdev.proc.run({ "id", "-u" }).stdout ~= "0\n" then return print "skip: mounting a small file system needs root" end
  kdev.proc.run { "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "cache" }
  local mounted <close> = -- luacheck: ignore mounted
    setmetatable({}, { __close = function() kdev.proc.run { "umount", "cache" } end })
  local result <const> = image(("{ url = %q }"):format(address .. "/cloud.qcow2"))
  test.equal({ result.status, lines() }, { 1, "/cloud.qcow2" })
  test.contains(result.stderr, "the file system may be full")
  test.equal(#images(), 0)
end)

test.done()
