-- What a machine is given, as a real guest sees it: disks of every kind, shares, consoles, nodes, the power button.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local kernel <const> = kdev.kernel.find()
local modules <const> = { "nvme", "virtio_scsi", "sd_mod", "ata_piix" }
for _, name in ipairs { "xattr", "file" } do kdev.fs.mkdir(name) end

-- The guest finds each by its size, in MiB.
local disks <const> = {
  [16] = { interface = "virtio", cache = "writethrough" },
  [17] = { interface = "virtio", discard = true, cache = "unsafe" },
  [18] = { interface = "scsi", discard = true },
  [19] = { interface = "nvme", serial = "NV1", discard = true },
  [20] = { interface = "ide", cache = "directsync" },
  [21] = { interface = "virtio", read_only = true, serial = "RO1" },
  [22] = { interface = "scsi", read_only = true },
}
local drives <const> = {}
for size = 16, 22 do
  disks[size].disk = kdev.disk.create { path = "./" .. size .. ".img", size = size .. "M", format = "raw" }
  drives[#drives + 1] = disks[size]
end

local vm <const> = kdev.vm.launch {
  name = "devices", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel, { modules = modules }), memory = "512M",
  profile = "document", cpus = 2, disks = drives, consoles = { "serial", "virtio" },
  numa = { { memory = "256M", cpus = 1 }, { memory = "256M", cpus = 1 } },
  share = { xattr = { path = "xattr", security = "mapped-xattr" }, file = { path = "file", security = "mapped-file" } },
}
local function sh(text, check)
  local result <const> = vm:exec { "sh", "-c", text, check = check }
  return (result.stdout:gsub("\n$", "")), result.status
end
local function device(size)
  return sh(("for d in /sys/block/*; do [ $(cat $d/size) != %d ] || echo ${d##*/}; done"):format(size * 2048))
end
local function blocks(size) return tonumber((kdev.proc.run({ "stat", "-c", "%b", size .. ".img" }).stdout)) end

test("a disk of each kind is read and written, and what is discarded goes back to the host", function()
  vm:exec { "modprobe", "-a", table.unpack(modules) }
  for size = 16, 22 do
    local wanted <const>, name <const> = disks[size], device(size)
    test.equal({ size, name ~= "" }, { size, true })
    if wanted.interface == "nvme" then test.contains(name, "nvme") end
    if wanted.read_only then
      test.equal(sh("cat /sys/block/" .. name .. "/ro"), "1")
      test.equal(select(2, sh("echo x >/dev/" .. name, false)) ~= 0, true)
    else
      sh(("head -c 8388608 /dev/urandom >/dev/%s; echo disk-%d >/dev/%s; sync"):format(name, size, name))
      test.equal(sh("echo 3 >/proc/sys/vm/drop_caches; head -c 7 /dev/" .. name), "disk-" .. size)
      test.equal(kdev.fs.read(size .. ".img"):sub(1, 7), "disk-" .. size)
      test.equal(blocks(size) >= 16384, true)
    end
    if wanted.discard then
      sh("blkdiscard -o 1048576 -l 7340032 /dev/" .. name)
      test.equal(blocks(size) <= 16384 - 8192, true)
      test.equal(sh("head -c 7 /dev/" .. name), "disk-" .. size)
    end
  end
  test.equal(sh("cat /sys/block/" .. device(21) .. "/serial"), "RO1")
  test.contains(sh("cat /sys/block/" .. device(19) .. "/device/serial"), "NV1")
end)

test("shares keep the guest's owners beside the files, or in them", function()
  for _, tag in ipairs { "xattr", "file" } do
    vm:mount(tag, "/mnt/" .. tag)
    sh(("cd /mnt/%s; echo text >f; chown 1234:99 f; chmod 4711 f; mknod n c 1 3"):format(tag))
    local kept <const> = sh(("cd /mnt/%s; stat -c '%%u %%g %%a' f; stat -c %%F n"):format(tag))
    test.equal(kept, "1234 99 4711\ncharacter special file")
    test.equal(kdev.fs.read(tag .. "/f"), "text\n")
    test.equal(kdev.proc.run({ "stat", "-c", "%F", tag .. "/n" }).stdout, "regular empty file\n")
  end
end)

test("the guest has a line and a console more, and two nodes", function()
  test.equal(sh "ls -d /sys/devices/system/node/node[0-9]* | wc -l", "2")
  test.contains(sh "cat /sys/devices/system/node/node1/cpulist", "1")
  local reader <const> = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
    .. "print(s.makefile().readline())"
  for index, name in ipairs { "ttyS2", "hvc0" } do
    local command <const> = { "python3", "-c", reader, vm.consoles[index], timeout = "20s" }
    local said <const> = kdev.task.spawn(kdev.proc.run, command)
    kdev.task.sleep(0.5)
    sh(("echo hello from %s >/dev/%s"):format(name, name))
    test.contains(said:await().stdout, "hello from " .. name)
  end
end)

test("a guest whose agent does not answer is powered off by its button", function()
  sh "(sleep 0.3; for p in /proc/[0-9]*; do \
      grep -q 'kdev/agen[t]' $p/cmdline && kill -STOP ${p#/proc/}; done) >/dev/null 2>&1 &"
  kdev.task.sleep(1)
  test.equal(test.fails("did not end", vm.exec, vm, { "true", timeout = 1 }).kind, "timeout")
  test.equal(vm:power_down({ timeout = "60s" }).cause, "guest-shutdown")
  vm:stop()
end)

test.done()
