# Guests with QEMU's agent instead of kdevlua's, as installed systems have it.
# shellcheck shell=bash

# An initramfs whose guest runs this host's qemu-ga where kdevlua's agent would be: later parts of an initramfs win.
qemu_agent_initramfs() {
  local program file
  program=$(command -v qemu-ga || true)
  [ -n "$program" ] || [ ! -x /usr/sbin/qemu-ga ] || program=/usr/sbin/qemu-ga
  [ -n "$program" ] || skip 'qemu-ga is not installed (apt-get install qemu-guest-agent)'
  mkdir -p "$work/root/lib/kdev" "$work/root/ga"
  cp "$program" "$work/root/ga/qemu-ga"
  ldd "$program" | grep -o '/[^ ]*' | while read -r file; do cp -L "$file" "$work/root/ga/"; done
  cat >"$work/root/lib/kdev/agent" <<-'sh'
	#!/bin/busybox ash
	exec 9>&-
	for f in /sys/class/virtio-ports/*/name; do
	  read -r name <"$f"
	  [ "$name" != org.qemu.guest_agent.0 ] || port=${f%/name}
	done
	mkdir -p /var/run
	exec /ga/ld-linux-x86-64.so.2 --library-path /ga /ga/qemu-ga -m virtio-serial -p "/dev/${port##*/}"
	sh
  chmod 755 "$work/root/lib/kdev/agent"
  {
    cat "$(kd eval --quiet 'print(kdev.kernel.initramfs(kdev.kernel.find()))')"
    (cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet)
  } >"$work/ga.cpio"
}

test_a_guest_with_qemus_agent_is_used_as_one_with_kdevluas() {
  qemu_agent_initramfs
  head -c 3000000 /dev/urandom >"$work/share/big"
  mkdir -p "$work/share/folder/in"
  echo inner >"$work/share/folder/in/file"
  cat >"$work/ga.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local options <const> = { name = "ga", kernel = kernel, initramfs = arg[1], agent = "qemu" }
	local vm <const> = kdev.vm.launch(options)
	assert(vm.release == kernel.release, vm.release)
	local function sh(text, more)
	  local request <const> = { "sh", "-c", text }
	  for name, value in pairs(more or {}) do request[name] = value end
	  return vm:exec(request)
	end
	local both <const> = sh("cat; pwd; echo $NAME; echo trouble >&2; exit 7",
	  { stdin = "typed\0\n", cwd = "/proc", env = { NAME = "a value" }, check = false })
	assert(both.status == 7 and both.stdout == "typed\0\n/proc\na value\n" and both.stderr == "trouble\n", both.stdout)
	assert(sh("kill -9 $$", { check = false }).status == 137)
	assert(vm:exec({ "/no/such", check = false }).status == 127)
	local ok, err = pcall(sh, "sleep 1000 & sleep 1000", { timeout = 2 })
	assert(not ok and err.kind == "timeout", err)
	kdev.task.sleep(1)
	assert(sh("ps | grep -c '[s]leep 1000' || true").stdout == "0\n", "the program was not killed")
	local lines <const> = {}
	sh("for i in 1 2 3; do echo $i; sleep 0.1; done", { stdout = function(line) lines[#lines + 1] = line end })
	assert(table.concat(lines, " ") == "1 2 3", table.concat(lines, " "))
	vm:push("big", "/tmp/big")
	vm:push("folder", "/tmp/folder")
	assert(sh("cat /tmp/folder/in/file").stdout == "inner\n")
	vm:pull("/tmp/big", "back")
	assert(kdev.fs.read "big" == kdev.fs.read "back")
	ok, err = pcall(vm.exec, vm, { "echo", "\xff" })
	assert(not ok and tostring(err):find("is not UTF-8", 1, true), err)
	-- Another option is a difference; the same is taken over.
	ok, err = pcall(kdev.vm.launch, { name = "ga", kernel = kernel, initramfs = arg[1] })
	assert(not ok and tostring(err):find("agent is qemu, wanted is kdevlua", 1, true), err)
	lua
  kd run --quiet "$work/ga.lua" "$work/ga.cpio"
  equal "$(kd exec ga echo 'two words')" 'two words'
  fails 3 kd exec ga sh -c 'exit 3'
  kd down --now 2>/dev/null
  nothing_left
}
