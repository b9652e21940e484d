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

test("a machine is paused, resumed, reset and looked at over QMP, and tells of it", function()
  local vm <const> = launch { name = "control", reboot = false }
  local seen <const> = {}
  local listener <const> = kdev.task.spawn(function()
    for event in vm:events { names = { "STOP", "RESUME", "SHUTDOWN" } } do seen[#seen + 1] = event.name end
  end)
  kdev.task.sleep(0.05)
  test.equal(vm:status(), "running")
  vm:pause()
  test.equal(vm:status(), "paused")
  vm:resume()
  test.equal(vm:qmp("query-status").running, true)
  -- A reset does not end a machine that ends when its guest reboots.
  local resets <const> = vm:events { names = { "RESET" }, timeout = "10s" }
  vm:reset()
  test.equal(resets().data.reason, "host-qmp-system-reset")
  test.equal(vm:status(), "running")
  test.contains(vm:hmp "info version", "7.")
  test.contains(vm:hmp "nonesuch", "unknown command")
  local err <const> = test.fails("QEMU refused nonesuch: The command nonesuch has not been found", vm.qmp, vm, "nonesuch")
  test.equal(err.kind, "command")
  test.fails("QEMU refused device_del: Device 'x' not found", vm.qmp, vm, "device_del", { id = "x" })
  vm:screenshot "screen.png"
  test.equal(kdev.fs.read("screen.png"):sub(1, 8), "\x89PNG\r\n\x1a\n")
  test.fails("there is no folder", vm.screenshot, vm, "./none/a.png")
  test.equal(test.fails("did not end within 0.1 s", vm.wait, vm, { timeout = 0.1 }).kind, "timeout")
  test.fails("no event RESET came within 0.1 s", vm:events { names = { "RESET" }, timeout = 0.1 })
  -- No guest answers to the power button.
  test.equal(vm:power_down({ timeout = 0.2 }).cause, "quit")
  test.equal(vm:status(), "ended")
  listener:await()
  test.equal(seen, { "STOP", "RESUME", "SHUTDOWN" })
  -- How it ended is known afterwards, too, and so are its events.
  test.equal(vm:wait().cause, "quit")
  local first <const> = vm:events { from_start = true }
  test.equal(type(first().time), "number")
  test.equal(test.fails("the machine control has ended", vm.pause, vm).kind, "guest")
  vm:stop()
  test.fails("there are no events", vm.events, vm)
end)

test("a QEMU that is killed is told from one that quits, also by its number", function()
  local vm <const> = launch { name = "killed" }
  -- The number in its file is no proof: another process may have it.
  kdev.fs.write(kdev.path.dirname(vm.console_log) .. "/pid", "1\n")
  test.equal(launch({ name = "killed" }).pid, vm.pid)
  test.equal(vm.command_line[3], "killed")
  kdev.proc.run { "kill", "-9", tostring(vm.pid) }
  test.equal(vm:wait({ timeout = "10s" }).cause, "killed")
  test.equal(vm:status(), "ended")
  vm:stop()
end)

test("what cannot be plugged in is refused and leaves nothing", function()
  local vm <const> = launch { name = "plug", disks = { one } }
  test.equal(vm:plug_disk { disk = two, interface = "scsi", serial = "HOT" }, "plug0")
  -- Again: taken over.
  test.equal(vm:plug_disk { disk = two, interface = "scsi", serial = "HOT" }, "plug0")
  test.equal(launch({ name = "plug", disks = { one } }).pid, vm.pid)
  test.contains(vm:hmp "info block", "two.qcow2")
  test.equal(vm:plug_net { net = kdev.net.user(), model = "e1000" }, "plug1")
  test.contains(vm:hmp "info network", "plug1")
  test.fails("an IDE disk cannot be added", vm.plug_disk, vm, { disk = two, interface = "ide" })
  local err <const> = test.fails("is in use by another program", vm.plug_disk, vm, two)
  test.equal(err.kind, "busy")
  test.fails("'nonesuch' is not a valid device model name", vm.plug_net, vm, { net = kdev.net.user(), model = "nonesuch" })
  test.equal(select(2, vm:hmp("info network"):gsub("plug", "")) > 0, true)
  test.equal(vm:hmp("info network"):find("plug2", 1, true), nil)
  test.fails("there are: plug0, plug1", vm.unplug, vm, "disk9")
  vm:kill()
end)

test.done()
