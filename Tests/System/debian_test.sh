# A Debian guest that boots from its disk, and a kernel installed in it. They take minutes, so they run only when they are asked for.
# shellcheck shell=bash

# The guest's system is fetched outside of the test's namespace, which has no way out.
debian_disk() { "$PROGRAM" eval --quiet 'print(kdev.disk.debian().path)' >"$work/disk" || fail 'no Debian disk'; }

test_a_debian_guest_boots_from_its_disk_and_reboots() {
  [ -n "${KDEVLUA_TEST_DEBIAN:-}" ] || skip 'takes minutes; set KDEVLUA_TEST_DEBIAN=1 to run it'
  debian_disk
  kd run --quiet workflows/debian_guest.lua --name deb --memory 512M >"$work/out"
  contains "$(cat "$work/out")" 'is /mnt/host in the guest'
  cat >"$work/share/in.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local vm <const> = kdev.vm.get "deb"
	-- Debian's programs, and not busybox's.
	assert(vm:exec({ "ls", "--version" }).stdout:find("coreutils", 1, true))
	assert(vm:exec({ "ls", "--version", env = { A = "b" } }).stdout:find("coreutils", 1, true))
	local function boot() return vm:exec({ "cat", "/proc/sys/kernel/random/boot_id" }).stdout end
	local before <const> = boot()
	vm:exec { "touch", "/root/kept" }
	local runs <const> = kdev.task.spawn(function() return pcall(vm.exec, vm, { "sleep", "1000" }) end)
	assert(vm:reboot { timeout = 300 } == vm.release)
	assert(boot() ~= before)
	vm:exec { "test", "-e", "/root/kept" }
	-- What ran in the guest has ended with it.
	local ok, err = runs:await()
	assert(not ok and err.kind == "guest", tostring(err))
	-- Without a built kernel nothing is begun.
	ok, err = pcall(kdev.kernel.install, { vm = vm, tree = "." })
	assert(not ok and tostring(err):find("there is no built kernel in", 1, true), tostring(err))
	lua
  kd run --quiet in.lua
  kd down deb --disks
  nothing_left
}

test_a_machine_that_ends_at_a_reboot_is_not_rebooted() {
  cat >"$work/share/end.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local vm <close> = kdev.vm.launch { name = "ends", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
	local ok, err = pcall(vm.reboot, vm)
	assert(not ok and tostring(err):find("launched to end when its guest reboots", 1, true), tostring(err))
	ok, err = pcall(kdev.kernel.install, { vm = vm, tree = "." })
	assert(not ok and tostring(err):find("boots the kernel that it was launched with", 1, true), tostring(err))
	lua
  kd run --quiet end.lua
  nothing_left
}

# The kernel is one that was built here, as for built_kernel_test.sh, and boots without an initramfs.
test_a_kernel_is_installed_in_a_debian_guest_as_documented() {
  local tree=${KDEVLUA_TEST_TREE:-} output=${KDEVLUA_TEST_OUTPUT:-}
  [ -n "$tree" ] && [ -n "$output" ] || skip 'no built kernel: KDEVLUA_TEST_TREE and KDEVLUA_TEST_OUTPUT name one'
  debian_disk
  cat >"$work/share/install.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local tree <const>, output <const> = arg[1], arg[2]
	local base <const> = kdev.disk.debian()
	local vm <close> = kdev.vm.launch {
	  name = "deb", disks = { kdev.disk.overlay { path = "deb.qcow2", backing = base } }, wait = "agent", boot_timeout = 300,
	  share = { tree = { path = tree, read_only = true }, built = { path = output, read_only = true } },
	}
	local function install(initramfs)
	  return kdev.kernel.install { vm = vm, tree = tree, output = output, initramfs = initramfs, boot_timeout = 300 }
	end
	local ok <const>, err <const> = pcall(install, false)
	assert(not ok and tostring(err):find("mount it first", 1, true), tostring(err))
	vm:mount("tree", "/mnt/host")
	vm:mount("built", "/mnt/built")
	local before <const>, release <const> = vm.release, install(false)
	assert(release ~= before and vm.release == release and vm:exec({ "uname", "-r" }).stdout == release .. "\n")
	-- Its modules are there, and the shares are mounted again.
	vm:exec { "modprobe", "ceph" }
	vm:exec { "test", "-e", "/mnt/host/Makefile" }
	vm:exec { "test", "!", "-e", "/boot/initrd.img-" .. release }
	-- With an initramfs, as the document has it.
	assert(install(true) == release)
	vm:exec { "test", "-e", "/boot/initrd.img-" .. release }
	vm:exec { "modprobe", "ceph" }
	lua
  kd run --quiet install.lua "$tree" "$output"
}
