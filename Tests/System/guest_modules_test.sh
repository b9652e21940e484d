# Modules of the guest's kernel that its initramfs was given.
# shellcheck shell=bash

test_a_guest_loads_the_modules_that_its_initramfs_was_given_when_they_are_wanted() {
	cat >"$work/modules.lua" <<-'lua'
		local kdev <const> = require "kdev"
		local kernel <const> = kdev.kernel.find()
		local plain <const> = kdev.kernel.initramfs(kernel)
		local initramfs <const> = kdev.kernel.initramfs(kernel, { modules = { "ceph", "xfs" } })
		assert(initramfs ~= plain and initramfs == kdev.kernel.initramfs(kernel, { modules = { "ceph", "xfs" } }))
		-- What is built in needs no file; what is nowhere is an error before anything is made.
		kdev.kernel.initramfs(kernel, { modules = { "ext2", "ceph", "crypto-cbc" } })
		local ok, err = pcall(kdev.kernel.initramfs, kernel, { modules = { "ceph", "nosuch" } })
		assert(not ok and err.kind == "missing" and tostring(err):find("no module nosuch", 1, true), tostring(err))
		ok, err = pcall(kdev.kernel.initramfs, kernel, { modules = { "-r" } })
		assert(not ok and tostring(err):find('"-r" is no name of a module', 1, true), tostring(err))

		local vm <close> = kdev.vm.launch { name = "modules", kernel = kernel, initramfs = initramfs, memory = "512M" }
		local function loaded(name) return vm:exec({ "cat", "/proc/modules" }).stdout:find("%f[^\n\0]" .. name .. " ") end
		assert(loaded "virtio_console" and not loaded "libceph" and not loaded "xfs")
		vm:exec { "modprobe", "ceph" }
		assert(loaded "ceph" and loaded "libceph" and loaded "fscache")
		assert(kdev.kernel.reload({ vm = vm, modules = { "libceph" } }).loaded[2] == "ceph")
		-- The kernel asks for the file system of a mount by itself.
		vm:exec { "mount", "-t", "xfs", "none", "/mnt", check = false }
		assert(loaded "xfs")
		assert(vm:exec({ "modinfo", "-F", "filename", "ceph", check = false }).status == 0)
	lua
	kd run --quiet "$work/modules.lua"
	nothing_left
}
