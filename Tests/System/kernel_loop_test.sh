# What is built anew under a running guest, and searched for in the history; on a kernel that was built here.
# shellcheck shell=bash
# shellcheck source=Tests/System/built_kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/built_kernel.sh"

test_the_set_up_reloads_whatever_was_built_since_by_whomever() {
  named_kernel
  local file=net/ceph/ceph_common.c out first compiler=gcc
  [ "$cc" = gcc ] || compiler=ccache
  [ "$cc" = gcc ] || [ "$cc" = 'ccache gcc' ] || skip "the set-up has no compiler '$cc'"
  will_change $file
  set_up() { kd run setup.lua --tree "$tree" --output "$output" --compiler $compiler --net user --display none 2>&1; }
  out=$(set_up) || fail "$out"
  lacks "$out" 'reload '
  first=$(machines)
  # Only what ceph needs is another.
  edit $file 's/"loaded (mon/"loaded anew (mon/'
  out=$(set_up) || fail "$out"
  contains "$out" 'reload libceph in the guest'
  equal "$(machines)" "$first"
  contains "$(kd exec work dmesg)" 'libceph: loaded anew (mon'
  # make itself has built it, so the set-up has nothing to build.
  edit $file 's/"loaded (mon/"loaded by make (mon/'
  make -C "$tree" O="$output" CC="$cc" >"$work/make.log" 2>&1 || fail "$(tail "$work/make.log")"
  out=$(set_up) || fail "$out"
  contains "$out" 'nothing to build'
  contains "$out" 'reload libceph in the guest'
  contains "$(kd exec work dmesg)" 'libceph: loaded by make (mon'
  out=$(set_up) || fail "$out"
  lacks "$out" 'reload '
  equal "$(machines)" "$first"
  kd down --disks 2>/dev/null
  nothing_left
}

test_the_loop_reloads_what_differs_and_goes_on_after_a_module_that_does_not_load() {
  built_kernel
  local watch log=$work/watch.log library=net/ceph/ceph_common.c header=include/linux/ceph/libceph.h
  will_change $library $header
  # It compiles as the build before did, though nobody says so here.
  kd watch --tree "$tree" --output "$output" --module ceph --rounds 1 --parameters ceph=disable_send_metrics=1 inner \
    >"$log" 2>&1 || fail "$(cat "$log")"
  contains "$(cat "$log")" 'reload libceph, ceph in the guest'
  equal "$(kd exec inner cat /sys/module/ceph/parameters/disable_send_metrics)" Y
  # What the guest has already is left alone.
  kd watch --tree "$tree" --output "$output" --module ceph --rounds 1 inner >"$log" 2>&1 || fail "$(cat "$log")"
  lacks "$(cat "$log")" 'reload '
  kd watch --tree "$tree" --output "$output" --module ceph --rounds 4 inner -- \
    sh -c 'echo "modules: $(lsmod | grep -c ceph)"; dmesg | grep libceph: | tail -n 1' >"$log" 2>&1 &
  watch=$!
  said 'waiting for a change'
  edit $library '/^static int __init init_ceph_lib(void)/,/^{/s/^{/{\n\treturn -EINVAL;/'
  said 'reload failed'
  edit $library 's/"loaded (mon/"loaded again (mon/'
  said 'loaded again (mon'
  contains "$(grep -A 100 'reload failed' "$log")" 'modules: 2'
  # A header of the module is watched, too.
  echo >>"$tree/$header"
  said "changed: $header"
  local status=0
  wait $watch || status=$?
  [ $status = 0 ] || fail "$(cat "$log")"
  kd down inner 2>/dev/null
  nothing_left
}

test_commits_are_configured_built_and_booted_to_find_the_one_that_broke_it() {
  named_kernel
  [ ! -e "$tree/.git" ] || skip "$tree is a repository"
  local file=fs/ceph/super.c number out
  will_change $file
  touch "$tree/.kdevlua-test-git"
  git init --quiet -b main "$tree"
  git -C "$tree" config user.name A
  git -C "$tree" config user.email a@example.com
  for number in 1 2 3 4 5; do
    case $number in
    2) edit $file '$a #error does not compile' ;;
    4) edit $file '/^static int __init init_ceph(void)/,/^{/s/^{/{\n\treturn -EINVAL;/' ;;
    5) sed -i '$a /* 5 */' "$tree/$file" ;;
    *) edit $file "\$a /* $number */" ;;
    esac
    git -C "$tree" add -f $file
    git -C "$tree" commit --quiet -m "commit $number"
    git -C "$tree" tag "c$number"
  done
  cp "$output/.config" "$work/config"
  cat >"$work/share/search.lua" <<END
local kdev <const> = require "kdev"
local found <const> = kdev.kernel.bisect {
  tree = "$tree", output = "$output", good = "c1", bad = "HEAD", check_ends = true,
  build = { cc = "$cc", variables = { LOCALVERSION = "" } },
  vm = { memory = "512M", share = { built = "$output" } },
  test = function(vm)
    vm:mount("built", "/mnt")
    vm:exec { "sh", "-c", "insmod /mnt/net/ceph/libceph.ko && insmod /mnt/fs/ceph/ceph.ko" }
  end,
}
print("found", found.subject)
for _, step in ipairs(found.steps) do print(step.subject, step.verdict, step.stage) end
END
  out=$(kd run search.lua 2>&1) || fail "$out"
  contains "$out" $'found\tcommit 4'
  contains "$out" $'commit 3\tgood\ttest'
  contains "$out" $'commit 4\tbad\ttest'
  equal "$(git -C "$tree" symbolic-ref --short HEAD)" main
  cmp "$output/.config" "$work/config" || fail 'the configuration is not the one that was there before'
  nothing_left
}

test_a_report_is_told_with_files_and_lines_of_the_source() {
  needs DEBUG_INFO debug
  built_kernel
  cat >"$work/share/crash.lua" <<'END'
local kdev <const> = require "kdev"
local vm <const> = kdev.vm.get "inner"
local ok <const>, err <const> = pcall(vm.exec, vm, { "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60" })
assert(not ok and err.report, tostring(err))
print(err.report.decoded)
END
  contains "$(kd run --quiet crash.lua 2>&1)" 'drivers/tty/sysrq.c:'
  kd down inner 2>/dev/null
  nothing_left
}

test_gdb_has_the_kernels_own_commands() {
  needs GDB_SCRIPTS debug
  built_kernel
  local out
  out=$(kd gdb -c lx-version -c lx-dmesg -c lx-ps inner 2>&1) || fail "$out"
  contains "$out" "Linux version $(cat "$output/include/config/kernel.release")"
  contains "$out" 'Run /init as init process'
  contains "$out" kthreadd
  kd down inner 2>/dev/null
  nothing_left
}
