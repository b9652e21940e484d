# Kernels' configurations that come from a guest or from the distribution, and builds that are interrupted.
# shellcheck shell=bash

test_a_guests_configuration_is_taken_without_the_modules_that_it_has_not_loaded() {
  local tree=${KDEVLUA_TEST_TREE:-} out
  [ -n "$tree" ] || skip 'no source of a kernel: KDEVLUA_TEST_TREE names one'
  cat >"$work/share/configure.lua" <<END
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.find()
local function config(options)
  options.tree, options.output = "$tree", "b"
  kdev.kernel.configure(options)
  return kdev.kernel.config "b"
end
do
  local vm <close> = kdev.vm.launch {
    name = "distribution", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M", share = { here = "." },
  }
  vm:mount("here", "/mnt")
  local whole <const> = config { base = vm }
  assert(whole.XFS_FS == "m" and whole.BTRFS_FS == "m" and whole["9P_FS"] == "m", "the guest's own")
  local small <const> = config { base = vm, localmodconfig = vm }
  assert(small.XFS_FS == "n" and small.BTRFS_FS == "n", "what is not loaded")
  assert(small["9P_FS"] == "m" and small.VIRTIO_CONSOLE == "m" and small.EXT4_FS == "n", "what is loaded")
end
local theirs <const> = config { base = "distribution" }
assert(theirs.XFS_FS == "m" and theirs.CEPH_FS == "m", "Debian's")
local default <const> = config { base = "defconfig" }
assert(default.XFS_FS == "n" and default.EXT4_FS == "y", "the kernel's own")
print "all as wanted"
END
  out=$(kd run configure.lua 2>&1) || fail "$out"
  contains "$out" 'all as wanted'
  nothing_left
}

test_an_interrupt_ends_all_of_a_kernels_build() {
  # A source whose build goes on for ever, in several processes.
  mkdir "$work/share/linux" "$work/share/b"
  touch "$work/share/linux/"{Kbuild,Kconfig} "$work/share/b/.config"
  cat >"$work/share/linux/Makefile" <<'END'
VERSION = 6
PATCHLEVEL = 1
all: one two
one two:
	@echo "  CC      $@.o"; sh -c 'sleep 613 & wait'
quick:
	@:
END
  set -m
  (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" eval \
    'kdev.kernel.build { tree = "linux", output = "b", jobs = 2 }' >"$work/out" 2>&1) &
  local pid=$! status=0
  building() { [ "$(ip netns pids "$namespace" | xargs -r ps -o args= -p | grep -c '^sleep 613$')" = 2 ]; }
  eventually building
  kill -INT $pid
  wait $pid || status=$?
  set +m
  [ $status = 130 ] || fail "status $status: $(cat "$work/out")"
  equal "$(ip netns pids "$namespace")" ''
  # Nobody holds the output any more.
  kd eval 'kdev.kernel.build { tree = "linux", output = "b", targets = { "quick" } }' || fail 'the output is held still'
  nothing_left
}
