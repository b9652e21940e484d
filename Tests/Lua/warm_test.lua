-- kdev.vm on real guests: how they are booted, templates and their clones, snapshots.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local kernel <const> = kdev.kernel.find()
local initramfs <const> = kdev.kernel.initramfs(kernel)
kdev.fs.mkdir "shared"

local function sh(vm, text) return (vm:exec({ "sh", "-c", text }).stdout:gsub("\n$", "")) end
local function line(vm) return (kdev.fs.read("/proc/" .. vm.pid .. "/cmdline"):gsub("\0", " ")) end
local function seconds_apart(vm) return math.abs(tonumber(sh(vm, "date +%s")) - os.time()) end

local disk <const> = kdev.disk.create { path = "./warm.qcow2", size = "16M" }
local wanted <const> = {
  name = "warm-test", kernel = kernel, initramfs = initramfs, memory = "256M", disks = { disk }, net = kdev.net.user(),
  share = { hostshare = "shared" },
}
-- The share stays mounted, with a folder of it bound elsewhere: a clone has both again.
local prepare <const> = {
  { "mount", "-t", "9p", "-o", "trans=virtio,version=9p2000.L,msize=262144", "hostshare", "/mnt/host" },
  { "mkdir", "-p", "/mnt/host/in it", "/mnt/b c" }, { "mount", "--bind", "/mnt/host/in it", "/mnt/b c" },
  { "sh", "-c", "echo prepared >/tmp/file; echo base >/dev/vda; sync; touch '/mnt/host/in it/there'" },
}

test("clones of a template go on where it was saved, each for itself", function()
  local template <const> = kdev.vm.template(wanted, prepare)
  test.equal(template.release, kernel.release)
  -- The second time it is found, not made.
  local saved <const> = kdev.fs.stat(template.path .. "/state").modified
  test.equal(kdev.fs.stat(kdev.vm.template(wanted, prepare).path .. "/state").modified, saved)

  local one <close> = template:clone { name = "clone-one", net = kdev.net.user() }
  local two <close> = template:clone { name = "clone-two" }
  local drawn <const> = {}
  for _, vm in ipairs { one, two } do
    test.equal(sh(vm, "cat /tmp/file"), "prepared")
    test.equal(sh(vm, "hostname"), vm.name)
    test.equal(seconds_apart(vm) < 5, true)
    test.equal(sh(vm, "ls '/mnt/b c'; grep -c ' 9p ' /proc/mounts"), "there\n2")
    drawn[#drawn + 1] = sh(vm, "head -c 16 /dev/urandom | md5sum; cat /proc/sys/kernel/random/uuid")
    -- What one writes to its disk or its memory no other sees.
    test.equal(sh(vm, "head -c 4 /dev/vda"), "base")
    sh(vm, "echo " .. vm.name .. " >/dev/vda; sync; echo changed >/tmp/file")
  end
  test.equal(drawn[1] ~= drawn[2], true)
  test.equal(sh(one, "cat /sys/class/net/eth0/address") ~= sh(two, "cat /sys/class/net/eth0/address"), true)
  test.equal(sh(one, "ip addr show eth0 | grep -c 'inet 10.0.2.15/24'"), "1")

  local function clone(options) return template:clone(options) end
  test.equal(test.fails("has no share other", clone, { name = "three", share = { other = "/" } }).kind, "invalid")
  test.fails("wanted is e1000", clone, { name = "three", net = { net = kdev.net.user(), model = "e1000" } })
end)

test("two who want one clone at once get it or are told, and its disk stays", function()
  local template <const> = kdev.vm.template(wanted, prepare)
  local first <const> = kdev.task.spawn(template.clone, template, { name = "same" })
  kdev.task.sleep(0.05)
  -- Who waits too long for the first one is told.
  local ok, second
  repeat
    ok, second = pcall(template.clone, template, { name = "same" })
    if not ok then test.contains(tostring(second), "another kdevlua is setting up or taking down the machine same") end
  until ok
  local vm <close> = first:await()
  test.equal(second.pid, vm.pid)
  test.equal(kdev.fs.exists(kdev.path.dirname(vm.console_log) .. "/disk0.qcow2"), true)
  test.equal(sh(vm, "hostname; head -c 4 /dev/vda; cat /tmp/file"), "same\nbase" .. "prepared")
end)

test("what has no place in a saved state is refused before a boot", function()
  local function refused(part, field, value)
    local options <const> = {}
    for key, old in pairs(wanted) do options[key] = old end
    options.name, options[field] = "refused", value
    test.equal(test.fails(part, kdev.vm.template, options).kind, "invalid")
  end
  refused("a machine with an NVMe disk cannot be saved", "disks", { { disk = disk, interface = "nvme" } })
  test.equal(kdev.fs.exists(os.getenv "KDEVLUA_STATE" .. "/machines/refused-template"), false)
end)

test("a template that fails to be made leaves the one that is there", function()
  local err <const> = test.fails("could not prepare the template by false", kdev.vm.template, wanted, { { "false" } })
  test.equal(err.kind, "command")
  test.equal(kdev.fs.exists(kdev.vm.template(wanted, prepare).path), true)
  test.equal(kdev.fs.exists(os.getenv "KDEVLUA_STATE" .. "/machines/warm-test-template"), false)
  local names <const> = {}
  for _, template in ipairs(kdev.vm.templates()) do names[template.name] = template end
  names["warm-test"]:remove()
  test.equal(kdev.fs.exists(names["warm-test"].path), false)
  test.equal(test.fails("was removed", names["warm-test"].clone, names["warm-test"], { name = "late" }).kind, "missing")
end)

test("a machine goes back to its snapshots", function()
  local vm <close> = kdev.vm.launch(wanted)
  test.equal(line(vm):find("-nodefaults", 1, true) ~= nil, true)
  test.equal(line(vm):find("/vmlinux/", 1, true) ~= nil, true)
  vm:mount("hostshare", "/mnt/host")
  sh(vm, "echo one >/tmp/file; echo disk one >/dev/vda; sync")
  test.equal(test.fails("has no snapshot one", vm.restore, vm, "one").kind, "missing")
  vm:snapshot "one"
  test.equal(test.fails("has a snapshot one already", vm.snapshot, vm, "one").kind, "conflict")
  test.equal(test.fails("cannot be a snapshot's name", vm.snapshot, vm, "a b").kind, "invalid")
  test.equal(sh(vm, "grep -c ' 9p ' /proc/mounts"), "1")
  local found <const> = vm:snapshots()
  test.equal(#found, 1)
  test.equal(found[1].name, "one")
  test.equal(found[1].size > 1 << 20, true)

  sh(vm, "echo two >/tmp/file; echo disk two >/dev/vda; sync; date -s @1000")
  local running <const> = kdev.task.spawn(function() return vm:exec { "sleep", "1000" } end)
  kdev.task.sleep(0.2)
  vm:restore "one"
  test.equal(test.fails("the guest went back to a saved state", running.await, running).kind, "guest")
  test.equal(sh(vm, "cat /tmp/file; head -c 8 /dev/vda; grep -c ' 9p ' /proc/mounts"), "one\ndisk one1")
  test.equal(seconds_apart(vm) < 5, true)

  -- A share that is in use cannot be unmounted: the machine goes on as it was. Going back works even so.
  local holder <const> = kdev.task.spawn(function()
    return pcall(vm.exec, vm, { "sleep", "1000", cwd = "/mnt/host" })
  end)
  kdev.task.sleep(0.5)
  test.equal(test.fails("a share is in use", vm.snapshot, vm, "two").kind, "busy")
  test.equal(sh(vm, "grep -c ' 9p ' /proc/mounts"), "1")
  vm:restore "one"
  holder:await()
  test.equal(sh(vm, "cat /tmp/file; grep -c ' 9p ' /proc/mounts"), "one\n1")
  vm:delete_snapshot "one"
  test.equal(#vm:snapshots(), 0)
  test.equal(test.fails("has no snapshot one", vm.delete_snapshot, vm, "one").kind, "missing")
end)

test("a snapshot and a restore that are cut short leave the guest as it was, or go through", function()
  local vm <close> = kdev.vm.launch(wanted)
  vm:mount("hostshare", "/mnt/host")
  vm:snapshot "whole"
  for _, limit in ipairs { 0.02, 0.1, 0.3, 0.6 } do
    local ok <const>, err <const> = pcall(kdev.task.timeout, limit, vm.snapshot, vm, "cut")
    test.equal(ok or err.kind, ok or "timeout")
    test.equal(vm:status(), "running")
    test.equal(sh(vm, "grep -c ' 9p ' /proc/mounts"), "1")
    test.equal(#vm:snapshots(), ok and 2 or 1)
    if ok then vm:delete_snapshot "cut" end
  end
  for _, limit in ipairs { 0.02, 0.1, 0.3, 0.6 } do
    sh(vm, "date -s @1000")
    pcall(kdev.task.timeout, limit, vm.restore, vm, "whole")
    test.equal(vm:status(), "running")
    test.equal(sh(vm, "grep -c ' 9p ' /proc/mounts"), "1")
    test.equal(seconds_apart(vm) < 30, true)
  end
end)

test("without a qcow2 disk there is no snapshot, and why is said", function()
  local raw <const> = kdev.disk.create { path = "./raw.img", size = "16M", format = "raw" }
  local function refused(part, disks)
    local vm <const> = kdev.vm.launch { name = "bare", memory = "64M", disks = disks }
    test.equal(test.fails(part, vm.snapshot, vm, "one").kind, "invalid")
    vm:kill()
  end
  refused("has no qcow2 disk", nil)
  refused("is raw, and only qcow2 holds snapshots", { raw })
end)

test.done()
