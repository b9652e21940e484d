# Templates from the shell.
# shellcheck shell=bash

test_warm_keeps_a_booted_guest_that_clones_go_on_from() {
  # Templates are in the cache, which the tests share; kernel and initramfs may be that of all.
  local shared=$KDEVLUA_CACHE kernel initramfs
  export KDEVLUA_CACHE=$work/cache
  cat >"$work/warm.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find { path = arg[1] }
	kdev.vm.launch {
	  name = "w", kernel = kernel, initramfs = arg[2], memory = "256M", net = kdev.net.user(), profile = "fast",
	}
	lua
  kernel=$(KDEVLUA_CACHE=$shared kd eval --quiet 'print(kdev.kernel.find().path)')
  initramfs=$(KDEVLUA_CACHE=$shared kd eval --quiet 'print(kdev.kernel.initramfs(kdev.kernel.find()))')
  kd run --quiet "$work/warm.lua" "$kernel" "$initramfs"
  contains "$(kd warm 2>&1)" 'there are no templates'
  fails 1 kd warm --clone one w
  contains "$output" 'there is no template w'
  kd warm --quiet w
  kd down --quiet w
  contains "$(kd warm)" "w         "
  kd warm --quiet --clone one w
  equal "$(kd exec one hostname)" one
  contains "$(kd warm)" one
  # It is there for the next one, and those that run outlive it.
  kd warm --quiet --clone two w
  kd warm --remove w
  contains "$(kd warm 2>&1)" 'there are no templates'
  equal "$(kd exec two hostname)" two
  fails 1 kd warm --clone three w
  # As by sudo: QEMU gives root away, and has the state of root's cache all the same.
  chmod 700 "$KDEVLUA_CACHE"
  SUDO_UID=65534 SUDO_GID=65534 kd run --quiet "$work/warm.lua" "$kernel" "$initramfs"
  SUDO_UID=65534 SUDO_GID=65534 kd warm --quiet w
  SUDO_UID=65534 SUDO_GID=65534 kd warm --quiet --clone three w
  equal "$(stat -c %U /proc/"$(kd eval 'print(kdev.vm.get("three").pid)' 2>/dev/null)")" nobody
  equal "$(kd exec three hostname)" three
  kd down --quiet --now
  nothing_left
}
