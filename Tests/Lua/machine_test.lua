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
  local err <const> = test.fails("QEMU refused nonesuch: The command nonesuch has not", vm.qmp, vm, "nonesuch")
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
  local nonesuch <const> = { net = kdev.net.user(), model = "nonesuch" }
  test.fails("'nonesuch' is not a valid device model name", vm.plug_net, vm, nonesuch)
  test.equal(select(2, vm:hmp("info network"):gsub("plug", "")) > 0, true)
  test.equal(vm:hmp("info network"):find("plug2", 1, true), nil)
  test.fails("there are: plug0, plug1", vm.unplug, vm, "disk9")
  -- The port for ssh is another each time, and no difference.
  test.equal(vm:plug_net { net = kdev.net.user(), model = "e1000" }, "plug1")
  -- At the same time each gets a name of its own.
  local three <const> = kdev.disk.create { path = "./three.qcow2", size = "16M" }
  local four <const> = kdev.disk.create { path = "./four.qcow2", size = "16M" }
  local a <const>, b <const> = kdev.task.all {
    function() return vm:plug_disk(three) end, function() return vm:plug_disk(four) end,
  }
  test.equal({ [a] = true, [b] = true }, { plug2 = true, plug3 = true })
  test.fails("there are: plug0, plug1, plug2, plug3", vm.unplug, vm, "disk9")
  -- No guest lets go of it; meanwhile others have their turn at QEMU.
  local waiting <close> = kdev.task.spawn(vm.unplug, vm, "plug0")
  kdev.task.sleep(0.3)
  local start <const> = kdev.time.monotonic()
  test.equal(vm:status(), "running")
  test.equal(kdev.time.monotonic() - start < 2, true)
  waiting:cancel()
  vm:kill()
end)

test("a user network has the ports of the machine that was running already", function()
  local function launched(forward)
    local user <const> = kdev.net.user { forward = forward }
    local vm <const> = kdev.vm.launch { name = "ported", memory = "64M", paused = true, net = { { net = user } } }
    return vm, user
  end
  local vm <const>, first <const> = launched { web = 80, dns = 53 }
  local _, again <const> = launched { dns = 53, web = 80 }
  test.equal({ again.ssh_port, again.ports }, { first.ssh_port, first.ports })
  -- One that was asked for by its number is another one.
  local free <const> = tostring(kdev.net.user { forward = { free = 1 } }.ports.free)
  test.fails("tcp port 80 by " .. free, launched, { dns = 53, [free] = 80 })
  local told <const> = "field 'forward': a list element where a name is expected for each value"
  test.fails(told, kdev.net.user, { forward = { 80 } })
  vm:stop()
end)

test("gdb takes the stub that the machine has, and leaves it there", function()
  local free <const> = kdev.net.user { forward = { gdb = 1 } }.ports.gdb
  for _, stub in ipairs { free, true } do
    local vm <const> = kdev.vm.launch { name = "stubbed", memory = "64M", paused = true, gdb = stub }
    for _ = 1, 2 do
      -- No symbol is asked for, so any program will do for the kernel.
      local said <const> = vm:gdb { vmlinux = "/bin/true", commands = { "info registers rip" } }.stdout
      test.contains(said, "rip  ")
    end
    -- gdb ends at the first command that fails, and the machine goes on.
    local err <const> = test.fails(
      "could not debug the kernel", vm.gdb, vm, { vmlinux = "/bin/true", commands = { "nonesuch", "echo after" } })
    test.contains(err.stderr, 'Undefined command: "nonesuch"')
    test.equal(err.stderr:find("after", 1, true), nil)
    test.equal(vm:hmp("info chardev"):find("/gdb,server=on", 1, true) ~= nil, stub == true)
    if stub ~= true then test.contains(vm:hmp "info chardev", "127.0.0.1:" .. free) end
    vm:kill()
  end
end)

test("a port that is taken is told by what it is for", function()
  local free <const> = kdev.net.user { forward = { gdb = 1 } }.ports.gdb
  local vm <const> = kdev.vm.launch { name = "first", memory = "64M", paused = true, gdb = free, vnc = 76 }
  local function taken(part, options)
    options.name, options.memory, options.paused = "second", "64M", true
    test.equal(test.fails(part, kdev.vm.launch, options).kind, "busy")
  end
  taken("the port " .. free .. " for gdb of the machine second is taken", { gdb = free })
  taken("the VNC display :76 of the machine second is taken", { vnc = 76 })
  vm:kill()
end)

test("what a kernel developer adds is there, and told apart when a machine is taken over", function()
  kdev.fs.mkdir "share"
  local options <const> = {
    name = "lab", memory = "64M", cpus = 2, paused = true, gdb = true, pvpanic = true, rng = false,
    consoles = { "serial", "virtio" }, numa = { { memory = "32M", cpus = 1 }, { memory = "32M", cpus = 1 } },
    share = { src = { path = "share", security = "mapped-xattr", read_only = true } },
    vnc = { socket = true, password = "sesame" },
    extra = { "-device", "usb-ehci,id=usb", "-rtc", "base=utc", "-no-hpet" },
  }
  local line <const> = kdev.vm.command_line(options)
  local vm <const> = kdev.vm.launch(options)
  test.equal(vm.command_line, line)
  test.equal(vm:status(), "prelaunch")
  test.equal(kdev.fs.exists(vm.gdb_stub) and kdev.fs.exists(vm.vnc_socket) and #vm.consoles, 2)
  test.equal(vm.vnc, nil)
  test.equal(vm:qmp("query-vnc").auth, "vnc")
  test.contains(vm:hmp "info numa", "2 nodes")
  test.contains(vm:hmp "info chardev", vm.consoles[2])
  test.equal(#vm:qmp("query-hotpluggable-cpus"), 2)
  -- The password is nowhere but in QEMU.
  local state <const> = kdev.path.dirname(vm.console_log)
  for _, name in ipairs { "machine.json", "events.out", "console.log" } do
    test.equal(kdev.fs.read(kdev.path.join(state, name)):find("sesame", 1, true), nil)
  end
  test.equal(table.concat(vm.command_line, " "):find("sesame", 1, true), nil)
  test.equal(kdev.vm.launch(options).pid, vm.pid)
  local function differs(name, value, part)
    local changed <const> = {}
    for key, old in pairs(options) do changed[key] = old end
    changed[name] = value
    test.fails(part, kdev.vm.launch, changed)
  end
  differs("gdb", 12345, "gdb stub is a socket, wanted is port 12345")
  differs("consoles", { "virtio" }, "consoles is serial, virtio, wanted is virtio")
  differs("numa", {}, "NUMA nodes is 32 MiB with 1 cpus, 32 MiB with 1 cpus, wanted is none")
  differs("pvpanic", false, "pvpanic is true, wanted is false")
  differs("rng", true, "rng is false, wanted is true")
  differs("vnc", false, "display is a socket, wanted is off")
  differs("share", { src = "share" }, "(mapped-xattr, read-only), wanted is src=")
  vm:resume()
  test.equal(vm:status(), "running")
  vm:kill()
end)

test("arguments that QEMU does not have are refused before anything is made", function()
  local function refused(part, options) test.fails(part, launch, options) end
  refused("QEMU has no option -devcie", { extra = { "-devcie", "edu" } })
  refused("QEMU has no device eud", { extra = { "-device", "eud" } })
  refused("QEMU's device edu has no property dma_msk", { extra = { "-S", "-device", "edu,dma_msk=1" } })
  refused("QEMU's option -device needs a value", { extra = { "-device" } })
  refused("\"edu\" in the arguments for QEMU is no option", { extra = { "edu" } })
  refused("QEMU has no device e1001", { net = { net = kdev.net.user(), model = "e1001" } })
  refused("the nodes have 32 MiB and 1 cpus together", { numa = { { memory = "32M", cpus = 1 } } })
  refused("two serial ones at most", { consoles = { "serial", "serial", "serial" } })
  refused("1 to 8 bytes expected, got 9", { vnc = { password = "123456789" } })
  refused("0 to 99 expected, got 100", { vnc = 100 })
  if not kdev.fs.exists "/dev/vhost-vsock" then
    refused("a vsock device cannot be had: there is no /dev/vhost-vsock", { vsock = 42 })
  end
  test.equal(kdev.fs.exists(os.getenv "KDEVLUA_STATE" .. "/machines/bare"), false)
end)

test.done()
