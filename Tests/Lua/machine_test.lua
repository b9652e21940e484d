-- kdev.vm on real QEMUs that boot no kernel of ours: what they are made of, and that one is not taken for another.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local one <const> = kdev.disk.create { path = "./one.qcow2", size = "16M" }
local two <const> = kdev.disk.create { path = "./two.qcow2", size = "16M" }
local iso <const> = "./a.iso"
kdev.fs.write(iso, ("\0"):rep(1 << 16))

local function launch(options)
  options.name, options.memory = options.name or "bare", options.memory or "64M"
  return kdev.vm.launch(options)
end

test("a machine boots from its disks, each of its own kind", function()
  local options <const> = {
    disks = {
      one, { disk = two, interface = "nvme", serial = "NV1", cache = "unsafe", discard = true, read_only = true },
    },
    cdrom = iso, boot = "dc",
    net = { { net = kdev.net.user(), model = "e1000", mac = "52:54:00:00:00:07" }, kdev.net.user() },
  }
  local vm <const> = launch(options)
  test.equal(type(vm.pid), "number")
  test.equal(vm.release, nil)
  -- Again: taken over.
  test.equal(launch(options).pid, vm.pid)
  test.equal(kdev.vm.get("bare").pid, vm.pid)
  -- Each difference is named, and refused.
  local function differs(name, value, part)
    local changed <const> = {}
    for key, old in pairs(options) do changed[key] = old end
    changed[name] = value
    test.equal(test.fails(part, launch, changed).kind, "conflict")
  end
  differs("disks", { one }, "serial NV1), wanted is " .. one.path)
  differs("disks", { one, two }, "two.qcow2 (nvme, cache unsafe, discard, read-only, serial NV1), wanted is")
  differs("boot", "c", "boot order is dc, wanted is c")
  differs("net", kdev.net.user(), "network is user networking (e1000, 52:54:00:00:00:07), user networking, wanted is")
  differs("reboot", false, "reboot is true, wanted is false")
  test.fails("there is no channel to the guest of bare", vm.exec, vm, { "true" })
  vm:kill()
  test.equal(vm.pid, nil)
end)

test("what cannot be is refused before anything is made", function()
  local function refused(part, options) test.equal(test.fails(part, launch, options).kind, "argument") end
  refused("field 'boot': letters expected", { boot = "x" })
  refused("field 'cdrom': there is no file", { cdrom = "./none.iso" })
  refused("field 'append': words for a kernel", { append = { "quiet" } })
  refused("field 'disks[1]': unknown field 'cach'; did you mean 'cache'?", { disks = { { disk = one, cach = 1 } } })
  refused("field 'disks[1].interface'", { disks = { { disk = one, interface = "floppy" } } })
  refused("an IDE disk cannot be read-only", { disks = { { disk = one, interface = "ide", read_only = true } } })
  refused("1 to 20 bytes expected", { disks = { { disk = one, serial = ("x"):rep(21) } } })
  refused("field 'mac': an address", { net = { { net = kdev.net.user(), mac = "01:00:00:00:00:00" } } })
  refused("field 'net", { net = { {} } })
  test.equal(kdev.fs.exists(os.getenv "KDEVLUA_STATE" .. "/machines/bare"), false)
end)

test.done()
