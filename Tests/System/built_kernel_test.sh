# The inner loop and gdb, on a kernel that was built here.
# shellcheck shell=bash
# shellcheck source=Tests/System/built_kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/built_kernel.sh"

test_a_saved_file_is_built_reloaded_and_tested_in_the_running_guest() {
  built_kernel
  local file=$tree/fs/ceph/super.c watch log=$work/watch.log
  cp -p "$file" "$work/super.c"
  kd watch --tree "$tree" --output "$output" --cc "$cc" --module ceph --rounds 3 inner -- \
    sh -c 'dmesg | grep "ceph: loaded" | tail -n 1' >"$log" 2>&1 &
  watch=$!
  said 'waiting for a change'
  contains "$(cat "$log")" 'loaded (mds proto'
  # A mistake is shown with its place, and the loop goes on; the second one is what the guest then runs.
  sed 's/^static int __init init_ceph(void)/int wrong = nonesuch;\n&/' "$work/super.c" >"$file"
  said 'build failed'
  contains "$(cat "$log")" 'fs/ceph/super.c:'
  contains "$(cat "$log")" 'nonesuch'
  sed 's/"loaded (mds proto/"loaded anew (mds proto/' "$work/super.c" >"$file"
  local status=0
  wait $watch || status=$?
  cp -p "$work/super.c" "$file"
  touch "$file"
  [ $status = 0 ] || fail "$(cat "$log")"
  contains "$(cat "$log")" 'changed: fs/ceph/super.c'
  contains "$(cat "$log")" 'loaded anew (mds proto'
  kd down inner 2>/dev/null
  nothing_left
}

test_gdb_sees_the_kernel_of_a_running_guest_more_than_once() {
  needs DEBUG_INFO debug
  built_kernel
  cat >"$work/share/gdb.lua" <<'END'
local kdev <const> = require "kdev"
local vm <const> = kdev.vm.get "inner"
local seen <const> = vm:gdb({ commands = { "print init_uts_ns.name.release", "bt", "info threads" } }).stdout
assert(seen:find(vm.release, 1, true), seen)
assert(vm:exec({ "uname", "-r" }).stdout == vm.release .. "\n")
print "all as wanted"
END
  out=$(kd run --quiet gdb.lua 2>&1) || fail "$out"
  contains "$out" 'all as wanted'
  contains "$(kd gdb -c 'print init_uts_ns.name.release' inner 2>&1)" "$(cat "$output/include/config/kernel.release")"
  kd down inner 2>/dev/null
  nothing_left
}

test_gdb_talks_to_the_kernels_own_kgdb_over_its_serial_line() {
  needs KGDB kgdb
  needs DEBUG_INFO debug
  built_kernel
  local _
  for _ in 1 2; do
    out=$(kd gdb --kgdb -c 'print init_uts_ns.name.release' -c 'bt 3' inner 2>&1) || fail "$out"
    contains "$out" "$(cat "$output/include/config/kernel.release")"
    # It stopped where it was asked to.
    contains "$out" kgdb_breakpoint
    # And it goes on.
    equal "$(kd exec inner echo on)" on
  done
  # A gdb that fails leaves no guest that stands still.
  fails 1 kd eval 'kdev.vm.get("inner"):gdb { kgdb = true, commands = { "nonesuch" } }'
  equal "$(kd exec inner echo on)" on
  # One that is killed does: the next one finds it there.
  kd gdb --kgdb -c 'shell kill -9 $PPID' inner >/dev/null 2>&1 || true
  contains "$(kd gdb --kgdb -c 'print init_uts_ns.name.release' inner 2>&1)" "$(cat "$output/include/config/kernel.release")"
  # Afterwards an oops is a report as ever, and no stop for a gdb that is not there.
  equal "$(kd exec inner cat /sys/module/kgdboc/parameters/kgdboc)" ''
  kd down inner 2>/dev/null
  nothing_left
}

test_a_kernel_without_kgdb_says_so_and_goes_on() {
  cat >"$work/share/plain.lua" <<'END'
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.find()
kdev.vm.launch { name = "plain", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
END
  kd run --quiet plain.lua
  fails 1 kd gdb --kgdb --vmlinux "$PROGRAM" -c bt plain
  contains "$output" 'its kernel has no kgdboc: configure it with the fragment kgdb'
  equal "$(kd exec plain echo on)" on
  kd down plain 2>/dev/null
  nothing_left
}
