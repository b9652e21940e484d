-- kdev.disk and kdev.transaction on real images.
local test <const> = require "testing"
local kdev <const> = require "kdev"

test("a disk is made, described and taken over", function()
  local disk <const> = kdev.disk.create { path = "./a.qcow2", size = "20G" }
  test.equal({ disk.format, disk.size }, { "qcow2", 20 << 30 })
  test.contains(disk, "a.qcow2 (qcow2, 20G)")
  test.equal(kdev.disk.create({ path = "./a.qcow2", size = 20 << 30 }).path, disk.path)
end)

test("an overlay knows its backing file", function()
  local base <const> = kdev.disk.create { path = "./base.raw", size = "1M", format = "raw" }
  local overlay <const> = kdev.disk.overlay { path = "./over.qcow2", backing = base }
  test.equal(overlay.backing, base.path)
  test.equal(kdev.disk.info("./over.qcow2").backing, base.path)
end)

test("a disk that differs is an error that shows both", function()
  local wrong <const> = { path = "./a.qcow2", size = "30G" }
  local err <const> = test.fails("it is qcow2, 20G, wanted is qcow2, 30G", kdev.disk.create, wrong)
  test.equal(err.kind, "conflict")
end)

test("an error object has the parts of what failed", function()
  local err <const> = test.fails("could not make the disk", kdev.disk.create, { path = "/proc/x.qcow2", size = "1G" })
  test.equal(err.kind, "command")
  test.equal(err.status, 1)
  test.equal(err.command[1], "qemu-img")
  test.contains(err.stderr, "/proc/x.qcow2")
end)

test("a set-up that fails takes back what it made", function()
  local ok <const> = pcall(function()
    local setup <close> = kdev.transaction.begin { name = "fails" }
    kdev.disk.create { path = "./" .. setup.name .. ".qcow2", size = "1G" }
    error "no"
  end)
  test.equal(ok, false)
  test.equal(kdev.fs.exists("fails.qcow2"), false)
end)

test("a set-up that succeeds keeps what it made, and what tasks of it made", function()
  do
    local setup <close> = kdev.transaction.begin { name = "works" }
    kdev.task.all {
      function() kdev.disk.create { path = "./" .. setup.name .. "1.qcow2", size = "1G" } end,
      function() kdev.disk.create { path = "./" .. setup.name .. "2.qcow2", size = "1G" } end,
    }
  end
  test.equal({ kdev.fs.exists("works1.qcow2"), kdev.fs.exists("works2.qcow2") }, { true, true })
end)

test("two set-ups of one name do not run at once", function()
  local setup <close> = kdev.transaction.begin { name = "once" }
  test.equal(test.fails("another kdevlua", kdev.transaction.begin, { name = setup.name }).kind, "busy")
end)

test("names that cannot be a folder or a host name are refused", function()
  for _, name in ipairs { "", "../x", "a b", "-a", ("x"):rep(33), "ä" } do
    test.equal(test.fails("cannot be a machine's name", kdev.transaction.begin, { name = name }).kind, "invalid")
  end
end)

test.done()
