#!/usr/bin/env -S kdevlua run
-- The documented set-up of a virtual machine for kernel development, from nothing to a command run in the guest.
-- Comments name the sections of "Kernel Development in Virtual Machines" that the steps automate. Run again, it takes
-- over what is there. For example, with a kernel of your own and its source shared with the guest:
--   kdevlua run setup.lua --name work --memory 4G --kernel ~/linux/arch/x86/boot/bzImage --share ~/linux
local kdev <const> = require "kdev"

local opt <const> = kdev.cli.options {
  about = "Sets up a virtual machine for kernel development and runs a command in it.",
  { "name", default = "work", help = "name of the machine" },
  { "memory", type = "size", help = "memory of the guest; default: 1G" },
  { "cpus", type = "integer", help = "processors of the guest; default: 1" },
  { "disk-size", type = "size", default = "20G", help = "what the guest sees of its disk" },
  { "kernel", value = "PATH", help = "bzImage or vmlinux; default: the newest with 9p in /boot, else Debian's" },
  { "share", value = "DIR", default = ".", help = "folder that the guest shares with the host" },
  { "net", value = "tap|user", help = "default: tap where one can be made" },
  { "accel", value = "kvm|tcg", help = "default: kvm where a guest really runs under it" },
  { "profile", value = "fast|document", choices = { "fast", "document" }, default = "document",
    help = "fast: boot the uncompressed kernel, without a screen" },
  { "vhost", value = "on|off", help = "default: on where /dev/vhost-net is" },
  { "bridge", help = "bridge for the tap; default: virbr0" },
  { "tap", help = "name of the tap; default: tap-NAME" },
  { "vnc", type = "integer", value = "N", help = "VNC display on 127.0.0.1; default: a free one" },
  { "boot-timeout", value = "TIME", help = "how long the guest may take to answer; default: 120s" },
  { "keep", type = "flag", help = "leave what was made in place when a step fails" },
  { "show-config", type = "flag", help = "print the configuration and where each value comes from, and make nothing" },
}
local setup <close> = not opt.show_config -- luacheck: ignore setup
  and kdev.transaction.begin { name = opt.name, keep = opt.keep } or nil

local disk
if not opt.show_config then
  -- "Download the ISO and Create a Virtual Disk"
  local base <const> = kdev.disk.create { path = opt.name .. "-base.qcow2", size = opt.disk_size }
  -- "Differential Copies with QCOW2 and qemu-img"
  disk = kdev.disk.overlay { path = opt.name .. ".qcow2", backing = base }
end

-- Instead of an installed system: a kernel, and a small root that is made for it.
local kernel <const> = kdev.kernel.find { path = opt.kernel }
local initramfs <const> = kdev.kernel.initramfs(kernel)

-- The choices that depend on the machine are fragments: fragments/setup/.
local facts <const> = kdev.host.facts { kernel = kernel, initramfs = initramfs }
local choice <const> = kdev.merge.choose {
  fragments = "setup", globals = { host = facts },
  forced = { accel = opt.accel, net = opt.net, vhost = opt.vhost },
}
for _, facet in ipairs(choice.facets) do
  local taken <const> = "; taking " .. facet.name .. " " .. facet.chosen
  for _, reason in ipairs(facet.rejected) do kdev.ui.note(reason .. taken) end
end
local config <const> = choice.config
-- What was asked for counts more than any fragment.
local asked <const> = {
  memory = opt.memory, cpus = opt.cpus, bridge = opt.bridge, boot_timeout = opt.boot_timeout,
}
for name, value in pairs(asked) do config[name] = value end

if opt.show_config then
  for _, value in ipairs(choice.origins) do
    local name <const> = value.path
    if not name:find "^teuthology%." then
      local text <const> = ("%s: %s"):format(name, asked[name] and kdev.json.encode(asked[name]) or value.value)
      print(("%-32s # %s"):format(text, asked[name] and "--" .. name:gsub("_", "-") or value.origin))
    end
  end
  return
end

local net
if config.net == "tap" then
  -- "Configure the TAP Interface with a Bridge", "Create a TAP Interface"
  local bridge <const> = kdev.net.bridge { name = config.bridge }
  net = kdev.net.tap { name = opt.tap, bridge = bridge }
else
  net = kdev.net.user()
end

-- "Launch the QEMU VM with TAP and vhost"
local vm <const> = kdev.vm.launch {
  name = opt.name, memory = config.memory, cpus = config.cpus, accel = config.accel, cpu = config.cpu,
  profile = opt.profile,
  kernel = kernel, initramfs = initramfs, disks = { disk }, net = net, vhost = config.vhost,
  share = { hostshare = opt.share }, vnc = opt.vnc, append = config.append, boot_timeout = config.boot_timeout,
}

-- The 9p share, written and read from both sides.
vm:mount("hostshare", "/mnt/host")
local note <close> = kdev.fs.temporary { folder = opt.share, content = "from the host\n" }
local script <const> = 'cat "$1" && echo from the guest > "$1"'
local seen <const> = vm:exec { "sh", "-c", script, "sh", "/mnt/host/" .. note.name }.stdout
local release <const> = vm:exec { "uname", "-r" }.stdout
if kdev.ui.dry_run() then return end
assert(seen == "from the host\n" and note:read() == "from the guest\n", "the share does not work both ways")

print("guest    " .. release:gsub("\n", ""))
print("share    " .. kdev.fs.absolute(opt.share) .. " is /mnt/host in the guest: written and read both ways")
print("address  " .. (vm.address or "none"))
print(("VNC      127.0.0.1:%d (port %d)"):format(vm.vnc, 5900 + vm.vnc))
print("console  " .. vm.console_log)
print("go on    " .. arg[-1] .. " exec " .. opt.name .. " uname -a")
print("stop     " .. arg[-1] .. " down " .. opt.name)
