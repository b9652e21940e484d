#!/usr/bin/env -S kdevlua run
-- A Debian guest that boots from its own disk, and a kernel installed in it as "Install Modules on the Guest" of the
-- document does: `make modules_install` and `make install` in the guest, over the share. For example:
--   kdevlua run workflows/debian_guest.lua --name work --share ~/kernel
--   kdevlua run workflows/debian_guest.lua --name work --share ~/kernel --tree ~/kernel/linux --output ~/kernel/b
-- The first guest takes minutes, as its system is made; the next ones are overlays on that. Run again, it takes over
-- what is there.
local kdev <const> = require "kdev"

local opt <const> = kdev.cli.options {
  about = "Starts a Debian guest, and installs a kernel in it.",
  { "name", default = "debian", help = "name of the machine" },
  { "release", default = "bookworm", help = "of Debian" },
  { "packages", value = "A,B", help = "packages besides those that every guest has" },
  { "memory", type = "size", default = "1G", help = "memory of the guest" },
  { "cpus", type = "integer", default = 1, help = "processors of the guest" },
  { "accel", choices = { "kvm", "tcg" }, default = "tcg", help = "how the guest's processor is made" },
  { "share", value = "DIR", default = ".", help = "folder that the guest shares with the host" },
  { "tree", value = "DIR", help = "source of a built kernel to install; it has to be in the share" },
  { "output", value = "DIR", help = "what it was built into; default: the source" },
  { "no-initramfs", type = "flag", help = "make none in the guest: the kernel has its root's drivers built in" },
  { "boot-timeout", value = "TIME", default = "300s", help = "how long the guest may take to answer" },
}

local packages <const> = {}
for name in (opt.packages or ""):gmatch "[^,%s]+" do packages[#packages + 1] = name end

local setup <close> = kdev.transaction.begin { name = opt.name } -- luacheck: ignore setup
local base <const> = kdev.disk.debian { release = opt.release, packages = packages }
local vm <const> = kdev.vm.launch {
  name = opt.name, memory = opt.memory, cpus = opt.cpus, accel = opt.accel, net = kdev.net.user(), wait = "agent",
  disks = { kdev.disk.overlay { path = opt.name .. ".qcow2", backing = base } },
  share = { hostshare = opt.share }, boot_timeout = opt.boot_timeout,
}
vm:mount("hostshare", "/mnt/host")
if opt.tree then
  kdev.kernel.install {
    vm = vm, tree = opt.tree, output = opt.output, initramfs = not opt.no_initramfs, boot_timeout = opt.boot_timeout,
  }
end
if kdev.ui.dry_run() then return end
print("guest    Linux " .. vm.release)
print("share    " .. kdev.fs.absolute(opt.share) .. " is /mnt/host in the guest")
print("go on    " .. arg[-1] .. " exec " .. opt.name .. " uname -a")
print("stop     " .. arg[-1] .. " down " .. opt.name)
