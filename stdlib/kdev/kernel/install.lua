-- kdev.kernel.install: `make modules_install` and `make install` in the guest, as the document does, and a reboot into
-- what was installed. For example, in a guest of kdev.disk.debian with the source and what was built in its share:
--   vm:mount("hostshare", "/mnt/host")
--   kdev.kernel.install { vm = vm, kernel = kdev.kernel.build { tree = "src", output = "b" } }
local kdev <const> = require "kdev"
local in_guest <const> = require "kdev.kernel.in_guest"

-- What was built: its source, where it was built to, and what it calls itself.
local function built(options)
  local tree, output
  if options.kernel then
    tree, output = options.kernel.source, options.kernel.output
    if not output then
      error("kernel was found, and not built: give tree and output, or a result of kdev.kernel.build", 0)
    end
  elseif options.tree then
    tree = kdev.fs.absolute(type(options.tree) == "string" and options.tree or options.tree.path)
    output = kdev.fs.absolute(options.output or tree)
  else
    error("kernel or tree is needed: what to install", 0)
  end
  local release <const> = output .. "/include/config/kernel.release"
  if not kdev.fs.exists(output .. "/System.map") or not kdev.fs.exists(release) then
    error("there is no built kernel in " .. output .. ": kdev.kernel.build { tree =, output = } first", 0)
  end
  return tree, output, kdev.fs.read(release):match "%S+"
end

-- A build of a single module leaves only that one in modules.order, and only what is in there is installed.
local function check_modules_order(output)
  local order <const> = output .. "/modules.order"
  local listed = kdev.fs.exists(order) and kdev.fs.read(order) or ""
  listed = "\n" .. listed:gsub("%.o%f[\n]", ".ko")
  local found <const> = kdev.proc.run { "find", output, "-name", "*.ko", "-not", "-path", "*/.kdevlua/*", query = true }
  local missing <const> = {}
  for path in found.stdout:gmatch "[^\n]+" do
    local name <const> = path:sub(#output + 2)
    if not listed:find("\n" .. name .. "\n", 1, true) then missing[#missing + 1] = name end
  end
  if #missing > 0 then
    kdev.ui.note(("modules.order does not list %s, so they are not installed: build the target modules first")
      :format(table.concat(missing, ", ")))
  end
end

-- Shows paths of the host in the guest where the host has them, as what was built with O= has absolute paths in it. The
-- result is closed to take them away.
local function same_paths(vm, paths)
  local bound <const> = {}
  local result <const> = setmetatable({}, { __close = function()
    for number = #bound, 1, -1 do vm:exec { "umount", bound[number] } end
  end })
  if kdev.ui.dry_run() then return result end
  local ok <const>, err <const> = pcall(function()
    for _, path in ipairs(paths) do
      local seen <const> = in_guest(vm, path)
      local there <const> = vm:exec { "test", path, "-ef", seen, check = false }.status == 0
      if not there then
        vm:exec { "mkdir", "-p", path }
        vm:exec { "mount", "--bind", seen, path }
        bound[#bound + 1] = path
      end
    end
  end)
  if not ok then
    getmetatable(result).__close()
    error(err, 0)
  end
  return result
end

-- What GRUB is told to take, of what its configuration has for the release; nil without GRUB.
local function grub_entry(vm, release)
  local read <const> = vm:exec { "cat", "/boot/grub/grub.cfg", check = false }
  if read.status ~= 0 then return end
  local id
  for entry in read.stdout:gmatch "menuentry_id_option '([^']+)'" do
    if entry:sub(1, #release + 19) == "gnulinux-" .. release .. "-advanced-" then id = id or entry end
  end
  if not id then error("update-grub has made no entry for " .. release .. " in the guest's /boot/grub/grub.cfg", 0) end
  local submenu <const> = read.stdout:match "\nsubmenu [^\n]*menuentry_id_option '([^']+)'"
  return submenu and submenu .. ">" .. id or id
end

-- The shares that are mounted in the guest: a list of tag and directory.
local function mounted_shares(vm)
  local list <const> = {}
  for tag, directory in vm:exec({ "cat", "/proc/mounts" }).stdout:gmatch "(%S+) (%S+) 9p " do
    if vm.shares[tag] then list[#list + 1] = { tag, directory } end
  end
  return list
end

return function(options)
  local vm <const> = options.vm
  local shares <const> = mounted_shares(vm)
  local reboots <const> = options.reboot ~= false
  for _, word in ipairs(vm.command_line or {}) do
    if reboots and word == "-kernel" then
      error(("the machine %s boots the kernel that it was launched with, and none of its disk: launch it without "
        .. "kernel, or install with reboot = false"):format(vm.name), 0)
    end
  end
  local tree <const>, output <const>, release <const> = built(options)
  check_modules_order(output)
  do
    local paths <close> = same_paths(vm, { tree, output }) -- luacheck: ignore paths
    local function make(target)
      local command <const> = { "make", "-C", tree, "O=" .. output, target }
      if tree == output then table.remove(command, 4) end
      if target == "modules_install" and options.strip then command[#command + 1] = "INSTALL_MOD_STRIP=1" end
      -- initramfs-tools of Debian asks for it.
      if options.initramfs == false then command.env = { INITRD = "No" } end
      kdev.ui.step("make " .. target .. " in the guest", function() vm:exec(command) end)
    end
    make "modules_install"
    make "install"
  end
  if kdev.ui.dry_run() then return release end
  if vm:exec({ "test", "-e", "/boot/vmlinuz-" .. release, check = false }).status ~= 0 then
    error("make install has put no /boot/vmlinuz-" .. release .. " into the guest: has it an installkernel?", 0)
  end
  local entry <const> = grub_entry(vm, release)
  if entry then
    vm:exec { "grub-set-default", entry }
  else
    kdev.ui.note "the guest has no /boot/grub/grub.cfg; which kernel its boot loader takes is left to it"
  end
  vm:exec { "sync" }
  vm:note_build(output)
  if not reboots then return release end
  local runs <const> = vm:reboot { timeout = options.boot_timeout }
  if runs ~= release then
    error(("the guest %s runs %s after its reboot, and not %s, which is installed; has it GRUB_DEFAULT=saved in "
      .. "/etc/default/grub?"):format(vm.name, runs, release), 0)
  end
  for _, share in ipairs(shares) do
    local ok <const>, err <const> = pcall(vm.mount, vm, share[1], share[2])
    if not ok then kdev.ui.note(("%s is not mounted again: %s"):format(share[1], err)) end
  end
  return release
end
