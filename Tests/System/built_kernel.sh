# Sourced by tests that need a kernel that was built here. A build takes minutes, so it is made before, with ceph as a module, debug
# information and gdb's scripts, and named by variables:
#   KDEVLUA_TEST_TREE the source, KDEVLUA_TEST_OUTPUT what it was built into, KDEVLUA_TEST_CC the compiler of it ("gcc")
# shellcheck shell=bash

# Names them: $tree, $output and $cc.
named_kernel() {
  tree=${KDEVLUA_TEST_TREE:-} output=${KDEVLUA_TEST_OUTPUT:-} cc=${KDEVLUA_TEST_CC:-gcc}
  [ -n "$tree" ] && [ -n "$output" ] || skip 'no built kernel: KDEVLUA_TEST_TREE and KDEVLUA_TEST_OUTPUT name one'
}

# needs OPTION FRAGMENT: skips the test when that kernel was built without it.
needs() {
  named_kernel
  grep -q "^CONFIG_$1=y" "$output/.config" || skip "the built kernel has no CONFIG_$1; configure it with the fragment $2"
}

# Boots it as the machine "inner", with what was built at /mnt/host.
built_kernel() {
  named_kernel
  cat >"$work/share/up.lua" <<END
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.build { tree = "$tree", output = "$output", cc = "$cc" }
local vm <const> = kdev.vm.launch {
  name = "inner", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), share = { hostshare = "$output" },
}
vm:mount("hostshare", "/mnt/host")
END
  kd run --quiet up.lua
}

# will_change FILE ...: these files of the source are as they were when the test has ended, however it does.
will_change() {
  local file
  for file in "$@"; do
    mkdir -p "$work/before/$(dirname "$file")"
    cp -p "$tree/$file" "$work/before/$file"
  done
  trap 'put_back $?' EXIT
}
put_back() {
  local status=$1 file
  while read -r file; do
    # With a new time, as what was made of the other content is newer than the old one.
    cp "$work/before/$file" "$tree/$file"
  done < <(cd "$work/before" && find . -type f)
  if [ -e "$tree/.kdevlua-test-git" ]; then rm -rf "$tree/.git" "$tree/.kdevlua-test-git"; fi
  if [ "$status" = 0 ]; then end; fi
  (exit "$status") || end
}
# edit FILE SED: writes it anew from what it was before the test.
edit() { sed "$2" "$work/before/$1" >"$tree/$1"; }

# said TEXT: waits until the loop has said it, for as long as a build may take on a busy machine.
said() {
  local count=0
  until grep -q "$1" "$log"; do
    sleep 0.2
    count=$((count + 1))
    [ $count -lt 1500 ] || fail "the loop does not say '$1': $(cat "$log")"
  done
}
