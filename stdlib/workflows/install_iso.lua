#!/usr/bin/env -S kdevlua run
-- "Installing a QEMU VM Using an ISO Image" of the document: makes a disk, boots the installer from the CD-ROM with its
-- screen on VNC, waits until it powers off, and starts what was installed, without the ISO. For example, by hand and by
-- itself:
--   kdevlua run workflows/install_iso.lua --name deb --iso debian-12-netinst.iso
--   kdevlua run workflows/install_iso.lua --name deb --iso debian-12-netinst.iso --preseed preseed.cfg
-- What was installed is kept as the snapshot "installed" of the disk. Run again, it only starts the machine.
local kdev <const> = require "kdev"

local opt <const> = kdev.cli.options {
  about = "Installs a system from an ISO image into a virtual machine.",
  { "name", default = "installed", help = "name of the machine" },
  { "iso", value = "PATH", help = "the installer's image" },
  { "url", help = "where to fetch it, once, into the cache; instead of --iso" },
  { "sha256", value = "SUM", help = "what the image has to be" },
  { "sha512", value = "SUM", help = "the same, as Debian publishes it" },
  { "preseed", value = "FILE", help = "answers for Debian's installer, which then asks nothing" },
  { "kickstart", value = "FILE", help = "answers for Anaconda (Fedora, CentOS, RHEL)" },
  { "autoinstall", value = "FILE", help = "answers for Ubuntu's installer: its user-data" },
  { "disk-size", type = "size", default = "128G", help = "what the guest sees of its disk" },
  { "memory", type = "size", default = "2G", help = "memory of the guest" },
  { "cpus", type = "integer", default = 1, help = "processors of the guest" },
  { "accel", choices = { "kvm", "tcg" }, help = "default: kvm where a guest really runs under it" },
  { "vnc", type = "integer", value = "N", help = "VNC display on 127.0.0.1; default: a free one" },
  { "timeout", value = "TIME", default = "6h", help = "how long the installation may take" },
  { "over", type = "flag", help = "install over what is on the disk" },
  { "no-start", type = "flag", help = "do not start what was installed" },
  { "keep", type = "flag", help = "leave the disk and the machine when the installation fails" },
}

local function wrong(text)
  io.stderr:write("install_iso.lua: ", text, "\n")
  os.exit(2)
end

-- Usage first, before anything is made.
local answers
for _, kind in ipairs { "preseed", "kickstart", "autoinstall" } do
  if opt[kind] then
    if answers then wrong("--" .. answers.kind .. " and --" .. kind .. " are for different installers") end
    answers = { kind = kind, text = kdev.fs.read(opt[kind]) }
  end
end
if (opt.iso == nil) == (opt.url == nil) then wrong "one of --iso and --url is needed" end

local limit <const> = kdev.time.parse_duration(opt.timeout)

local setup <close> = kdev.transaction.begin { name = opt.name, keep = opt.keep } -- luacheck: ignore setup

-- "Download the ISO and Create a Virtual Disk"
local iso <const> = kdev.disk.image {
  path = opt.iso, url = opt.url, sha256 = opt.sha256, sha512 = opt.sha512, format = "raw",
}
local disk <const> = kdev.disk.create { path = opt.name .. ".qcow2", size = opt.disk_size }

local accel = opt.accel
if not accel then
  accel = "tcg"
  if kdev.fs.exists "/dev/kvm" then
    local kernel <const> = kdev.kernel.find()
    local facts <const> = kdev.host.facts { kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
    if facts.kvm.works then accel = "kvm" else kdev.ui.note(facts.kvm.because .. "; taking accel tcg") end
  end
end

-- The machine, with what differs between the installation and after it.
local function launch(more)
  local options <const> = {
    name = opt.name, memory = opt.memory, cpus = opt.cpus, accel = accel, disks = { disk }, net = kdev.net.user(),
    vnc = opt.vnc, wait = "none", profile = "document",
  }
  for key, value in pairs(more) do options[key] = value end
  return kdev.vm.launch(options)
end

local function has_snapshot()
  for _, snapshot in ipairs(disk:snapshots()) do
    if snapshot.name == "installed" then return true end
  end
  return false
end

-- Debian's installer looks for no answers on other disks, but takes those in its own initramfs, which may have several
-- parts (Documentation/driver-api/early-userspace/buffer-format.rst of Linux). So its kernel is booted with one more.
local function boot_of_preseed(folder)
  local kernel <const>, initramfs <const> = folder .. "/kernel", folder .. "/initrd"
  local has = false
  -- Where the images for amd64 have it: netinst and DVD, and the small one of netboot.
  for _, names in ipairs { { "/install.amd/vmlinuz", "/install.amd/initrd.gz" }, { "/linux", "/initrd.gz" } } do
    has = has or kdev.proc.run({
      "xorriso", "-osirrox", "on", "-indev", iso.path, "-extract", names[1], kernel, "-extract", names[2], initramfs,
      check = false,
    }).status == 0
  end
  if not has then
    error("there is no Debian installer in " .. iso.path .. " (no /install.amd/vmlinuz with initrd.gz)", 0)
  end
  if kdev.ui.dry_run() then return {} end
  kdev.fs.write(folder .. "/preseed.cfg", answers.text)
  local part <const> = kdev.proc.run { "cpio", "--quiet", "-o", "-H", "newc", cwd = folder, stdin = "preseed.cfg\n" }
  kdev.fs.chmod(initramfs, "600")
  kdev.fs.append(initramfs, kdev.proc.run({ "gzip", "-c", stdin = part.stdout }).stdout)
  return {
    kernel = kdev.kernel.find { path = kernel, drivers = {} }, initramfs = initramfs,
    -- The last console is the one that it is seen on.
    append = { "auto=true", "priority=critical", "console=tty0" },
  }
end

-- The others look for a file system of a certain name: Anaconda for ks.cfg on OEMDRV (its inst.ks documentation),
-- cloud-init, which Ubuntu's installer asks, for user-data on CIDATA (its NoCloud documentation).
local function seed_of_answers(folder)
  local label = "OEMDRV"
  kdev.fs.mkdir(folder .. "/seed")
  if answers.kind == "kickstart" then
    kdev.fs.write(folder .. "/seed/ks.cfg", answers.text)
  else
    label = "CIDATA"
    kdev.fs.write(folder .. "/seed/user-data", answers.text)
    kdev.fs.write(folder .. "/seed/meta-data", "instance-id: " .. opt.name .. "\n")
  end
  kdev.proc.run { "xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-J", "-r", "-o", folder .. "/seed.iso",
    folder .. "/seed" }
  local file <const> = (folder .. "/seed.iso"):gsub(",", ",,")
  return { "-drive", "file=" .. file .. ",format=raw,media=cdrom,readonly=on,if=ide,index=3" }
end

-- "Boot and Install the OS"
local function install()
  local folder <close> = kdev.fs.temporary_folder()
  local boot = { boot = "d" }
  if answers and answers.kind == "preseed" then
    boot = boot_of_preseed(folder.path)
  elseif answers then
    boot.extra = seed_of_answers(folder.path)
  end
  boot.cdrom = iso.path
  -- An installer that reboots at its end has ended, too.
  boot.reboot = false
  local vm <const> = launch(boot)
  if kdev.ui.dry_run() then return end
  local screen <const> = "the installer's screen is VNC 127.0.0.1:%d; it goes on when the guest powers off or reboots"
  kdev.ui.note(screen:format(vm.vnc))
  kdev.ui.step("installation", function()
    kdev.task.timeout(limit, function()
      while vm.pid do kdev.task.sleep(0.2) end
    end)
  end)
  local said <const> = kdev.fs.read(vm.console_log):sub(-2000)
  vm:kill()
  if disk:info().used < 1 << 20 then
    error("the installer has ended and has written nothing to the disk; its console:\n" .. said, 0)
  end
  disk:snapshot "installed"
end

if kdev.ui.dry_run() or opt.over or not has_snapshot() then
  if not kdev.ui.dry_run() and not opt.over and disk:info().used >= 1 << 20 then
    error(disk.path .. ' is not empty, and has no snapshot "installed"; --over installs over it', 0)
  end
  if not kdev.ui.dry_run() and has_snapshot() then disk:delete_snapshot "installed" end
  install()
end
if opt.no_start then return end

-- "Finishing Up": without the ISO.
local vm <const> = launch { boot = "c" }
if kdev.ui.dry_run() then return end
print(("VNC      127.0.0.1:%d (port %d)"):format(vm.vnc, 5900 + vm.vnc))
print("address  " .. (vm.address or "none"))
print("console  " .. vm.console_log)
print("stop     " .. arg[-1] .. " down " .. opt.name)
