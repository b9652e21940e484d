# Machines on real guests: what is plugged in and out while they run, and how they end.
# shellcheck shell=bash

test_a_disk_and_a_card_come_and_go_while_the_guest_runs() {
  cat >"$work/plug.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local vm <const> = kdev.vm.launch {
	  name = "plug", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), net = kdev.net.user(),
	  profile = "document", reboot = true,
	}
	local function guest(text) return (vm:exec { "sh", "-c", text, check = false }.stdout:gsub("%s+$", "")) end
	local function until_is(text, wanted)
	  for _ = 1, 100 do
	    if guest(text) == wanted then return end
	    kdev.task.sleep(0.1)
	  end
	  error(("%s: %s is not %s"):format(text, guest(text), wanted))
	end
	local disk <const> = kdev.disk.create { path = "hot.qcow2", size = "64M" }
	local cards <const> = tonumber(guest "ls /sys/class/net | wc -l")
	local hot <const> = vm:plug_disk { disk = disk, serial = "HOT1" }
	until_is("cat /sys/block/vda/serial", "HOT1")
	local card <const> = vm:plug_net(kdev.net.user())
	until_is("ls /sys/class/net | wc -l", tostring(cards + 1))
	vm:unplug(card)
	until_is("ls /sys/class/net | wc -l", tostring(cards))
	-- A reboot changes nothing of that.
	vm:reboot { timeout = 120 }
	until_is("cat /sys/block/vda/serial", "HOT1")
	vm:unplug(hot)
	until_is("ls /sys/block | grep -c vda", "0")
	-- The image is free again.
	print(kdev.disk.info(disk.path).size)
	print(vm:power_down({ timeout = "60s" }).cause)
	lua
  equal "$(kd run --quiet "$work/plug.lua")" $'67108864\nguest-shutdown'
  contains "$(kd ps)" 'plug  ended'
  kd down --disks 2>/dev/null
  nothing_left
}

# The virtiofsds of this test's machines.
virtiofsds() { pgrep -f "virtiofsd --socket-path=$KDEVLUA_STATE/" || true; }
no_virtiofsd() { [ -z "$(virtiofsds)" ]; }

test_a_folder_is_shared_by_virtiofs_and_its_virtiofsd_ends_with_the_machine() {
  [ -x /usr/libexec/virtiofsd ] || [ -x /usr/lib/qemu/virtiofsd ] || skip 'there is no virtiofsd'
  mkdir "$work/folder"
  echo from-the-host >"$work/folder/host"
  cat >"$work/virtiofs.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local initramfs <const> = kdev.kernel.initramfs(kernel, { modules = { "virtiofs" } })
	local setup <close> = kdev.transaction.begin { name = "fs" } -- luacheck: ignore setup
	local vm <const> = kdev.vm.launch {
	  name = "fs", kernel = kernel, initramfs = initramfs, net = kdev.net.user(), numa = { { memory = "512M", cpus = 1 }, { memory = "512M" } },
	  share = { folder = { path = arg[1] .. "/folder", driver = "virtiofs" }, nine = arg[1] },
	}
	for _ = 1, 2 do vm:mount("folder", "/mnt/folder") end
	vm:mount("nine", "/mnt/nine")
	vm:exec { "sh", "-c", "cat /mnt/folder/host /mnt/nine/folder/host; echo from-the-guest >/mnt/folder/guest", stdout = "inherit" }
	print(select(2, pcall(vm.snapshot, vm, "one")).message)
	lua
  equal "$(kd run --quiet "$work/virtiofs.lua" "$work")" $'from-the-host\nfrom-the-host\na machine with a share by virtiofs cannot be saved, and folder is one'
  equal "$(cat "$work/folder/guest")" from-the-guest
  # Taken over, with its share.
  contains "$(kd run --quiet "$work/virtiofs.lua" "$work")" from-the-host
  [ -n "$(virtiofsds)" ] || fail 'no virtiofsd runs'
  kill -9 "$(machines)"
  eventually no_virtiofsd
  contains "$(kd run --quiet "$work/virtiofs.lua" "$work")" from-the-host
  kd down 2>/dev/null
  eventually no_virtiofsd
  fails 1 kd eval 'kdev.vm.launch { name = "ro", kernel = kdev.kernel.find(), share = { a = { path = "/tmp", driver = "virtiofs", read_only = true } } }'
  contains "$output" 'the share a by virtiofs has no security and no read_only'
  nothing_left
}

test_a_kernel_that_panics_ends_its_machine_by_a_panic() {
  cat >"$work/panic.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local vm <const> = kdev.vm.launch { name = "panic", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
	local _, err <const> = pcall(vm.plug_net, vm, kdev.net.user())
	assert(tostring(err):find('launch it with profile = "document"', 1, true), err)
	pcall(vm.exec, vm, { "sh", "-c", "echo c > /proc/sysrq-trigger" })
	local how <const> = vm:wait { timeout = "60s" }
	print(how.cause, how.panic)
	lua
  equal "$(kd run --quiet "$work/panic.lua")" $'panic\tsysrq triggered crash'
  kd down panic 2>/dev/null
  nothing_left
}

test_a_machine_that_this_program_has_open_is_the_same_machine_however_it_is_asked_for() {
  cat >"$work/twice.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local options <const> = {
	  name = "twice", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), boot_timeout = "60s",
	}
	local launched <const> = kdev.vm.launch(options)
	local start <const> = kdev.time.monotonic()
	local got = kdev.vm.get "twice"
	local again <const> = kdev.vm.launch(options)
	-- One channel serves all of them, at once too.
	local answers <const> = table.pack(kdev.task.all {
	  function() return launched:exec({ "echo", "a" }).stdout end,
	  function() return got:exec({ "echo", "b" }).stdout end,
	  function() return again:exec({ "echo", "c" }).stdout end,
	  function() return kdev.vm.get("twice"):exec({ "echo", "d" }).stdout end,
	})
	print((table.concat(answers):gsub("\n", "")))
	assert(kdev.time.monotonic() - start < 20, "it waited for itself")
	local pid <const> = launched.pid
	-- A machine that has ended is started anew, though somebody holds the old one.
	kdev.proc.run { "kill", "-9", tostring(pid) }
	for _ = 1, 100 do
	  if not kdev.vm.running().twice then break end
	  kdev.task.sleep(0.05)
	end
	local anew <const> = kdev.vm.launch(options)
	assert(anew.pid ~= pid)
	print(anew:exec({ "echo", "anew" }).stdout)
	got = kdev.vm.get "twice"
	print(got:exec({ "echo", "got" }).stdout)
	got:stop()
	lua
  equal "$(kd run --quiet "$work/twice.lua" | xargs)" 'abcd anew got'
  nothing_left
}

test_tasks_that_ask_for_one_machine_at_once_get_it_at_once() {
  kd run --quiet setup.lua --net user --display none >/dev/null
  cat >"$work/both.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local function hello() return (kdev.vm.get "work"):exec({ "echo", "x" }).stdout:sub(1, 1) end
	print(table.concat { kdev.task.all { hello, hello, hello } })
	lua
  equal "$(kd run --quiet "$work/both.lua")" xxx
  kd down --disks 2>/dev/null
  nothing_left
}

test_by_sudo_disks_pictures_and_a_stub_for_gdb_are_handed_to_qemu_which_may_open_nothing() {
  cat >"$work/sudo.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local base <const> = kdev.disk.create { path = "base.qcow2", size = "16M" }
	local top <const> = kdev.disk.overlay { path = "top.qcow2", backing = base }
	local vm <const> = kdev.vm.launch { name = "sudo", memory = "64M" }
	vm:screenshot "screen.png"
	assert(kdev.fs.read("screen.png"):sub(2, 4) == "PNG")
	local first <const>, second <const> = vm:plug_disk { disk = top, interface = "scsi" }, vm:plug_disk { disk = base, read_only = true }
	assert(not pcall(vm.plug_disk, vm, { disk = top, serial = "twice" }))
	-- QEMU prints what became of it where nobody looks.
	vm:hmp 'qemu-io -d plug0 "write -P 7 0 512"'
	for _ = 1, 2 do
	  assert(vm:gdb({ vmlinux = "/bin/true", commands = { "info registers rip" } }).stdout:find "rip")
	end
	print(first, second)
	lua
  # Both have the base below open, as one writes to the top only.
  equal "$(SUDO_UID=65534 SUDO_GID=65534 kd run --quiet "$work/sudo.lua")" $'plug0	plug1'
  equal "$(stat -c %U /proc/"$(machines)")" nobody
  kd down --now 2>/dev/null
  local said
  said=$(qemu-io -r -f qcow2 -c 'read -P 7 0 512' "$KDEVLUA_STATE/disks/top.qcow2")
  contains "$said" 'read 512/512'
  lacks "$said" Pattern
  kd down --disks 2>/dev/null
  nothing_left
}
