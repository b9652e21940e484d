# What is left behind is found and removed, and what is in use stays.
# shellcheck shell=bash

# A tap in a bridge, and a machine whose guest never starts, of a set-up that succeeded. Prints nothing.
kept_setup() {
  cat >"$work/kept.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	kdev.net.tap { bridge = kdev.net.bridge { name = "gc0" } }
	lua
  kd run --quiet "$work/kept.lua" "$1"
}

test_gc_undoes_an_interrupted_set_up_and_leaves_one_under_way() {
  cat >"$work/hang.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	kdev.net.tap { bridge = kdev.net.bridge { name = "gc0" } }
	kdev.disk.create { path = arg[1] .. ".qcow2", size = "1G" }
	kdev.fs.temporary { folder = ".", content = "x" }
	kdev.task.sleep(60)
	lua
  local pids=() name
  for name in dead alive; do
    (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/hang.lua" $name) &
    pids+=($!)
  done
  eventually test -e "$KDEVLUA_STATE/disks/dead.qcow2" -a -e "$KDEVLUA_STATE/disks/alive.qcow2"
  kill -9 "${pids[0]}"
  wait "${pids[0]}" 2>/dev/null || true
  contains "$(kd ps)" 'tap tap-dead'
  contains "$(kd ps)" 'half-made'
  local out
  out=$(kd gc --dry-run 2>/dev/null)
  contains "$out" 'ip link del dev tap-dead'
  contains "$out" "rm $KDEVLUA_STATE/disks/dead.qcow2"
  lacks "$out" 'alive'
  inside ip link show tap-dead >/dev/null || fail 'a dry run removed the tap'
  kd gc 2>/dev/null
  ! inside ip link show tap-dead 2>/dev/null || fail 'gc left the tap'
  equal "$(ls "$KDEVLUA_STATE/disks")" alive.qcow2
  inside ip link show master gc0 | grep -q tap-alive || fail 'gc took the tap of a set-up under way'
  kill -INT "${pids[1]}"
  wait "${pids[1]}" || true
  nothing_left
}

test_gc_finds_what_no_journal_tells_of() {
  kept_setup lost
  local entry
  for entry in "$KDEVLUA_STATE"/journal/*.json; do : >"$entry"; done
  mkdir -p "$KDEVLUA_STATE/machines/old"
  touch "$KDEVLUA_STATE/machines/old/qmp" "$KDEVLUA_STATE/journal/00000009.json.999999999.partial"
  # Broken entries are said, and keep nobody from work.
  contains "$(kd ps 2>&1)" 'cannot be read; `kdevlua gc` removes it, with machines, taps and bridges that no entry tells of'
  kept_setup other 2>"$work/err"
  contains "$(cat "$work/err")" 'cannot be read; `kdevlua gc`'
  kd down other 2>/dev/null
  kd gc >/dev/null 2>"$work/err"
  contains "$(cat "$work/err")" 'remove tap tap-lost'
  nothing_left
}

test_gc_strikes_out_what_somebody_else_has_removed() {
  kept_setup gone
  inside ip link del tap-gone
  inside ip link del gc0
  contains "$(kd ps --json)" '"kind":"tap","name":"tap-gone","owner":"gone","state":"gone"'
  kd gc 2>/dev/null
  nothing_left
}

has_ended() { [ -z "$(machines)" ]; }

test_gc_removes_a_machine_that_has_ended_with_its_tap_and_keeps_its_disk_and_what_runs() {
  kd run --quiet setup.lua --net tap >/dev/null
  kd gc 2>"$work/err"
  contains "$(cat "$work/err")" 'nothing is left over'
  contains "$(kd ps --json)" '"name":"work"'
  contains "$(kd ps --json)" '"state":"running"'
  # Its line is lost, and it runs: it is written down again, so that down finds it.
  rm "$(grep -l '"machine"' "$KDEVLUA_STATE"/journal/*.json)"
  kd gc 2>"$work/err"
  contains "$(cat "$work/err")" 'written into the journal again'
  # The guest powers itself off.
  kd exec work sh -c 'sleep 0.2; poweroff -f' >/dev/null 2>&1 || true
  eventually has_ended
  contains "$(kd ps)" 'work  ended'
  fails 1 kd exec work true
  contains "$output" 'the machine work has ended'
  kd gc 2>/dev/null
  [ -f "$KDEVLUA_STATE/disks/work.qcow2" ] || fail 'gc removed the disk of a machine'
  kd down --disks 2>/dev/null
  nothing_left
}

test_gc_removes_what_is_old_in_the_cache_and_no_more() {
  export KDEVLUA_CACHE=$work/cache
  mkdir -p "$work/cache/kernels/old/boot" "$work/cache/initramfs"
  touch -d '40 days ago' "$work/cache/kernels/old/boot/vmlinuz" "$work/cache/kernels/old/boot" "$work/cache/kernels/old" \
    "$work/cache/initramfs/old.cpio"
  touch "$work/cache/initramfs/new.cpio"
  kd gc 2>/dev/null
  [ -e "$work/cache/kernels/old" ] || fail 'gc without --cache touched the cache'
  contains "$(kd gc --cache --dry-run 2>/dev/null)" "rm -r $work/cache/kernels/old"
  kd gc --cache --age 30d 2>/dev/null
  equal "$(cd "$work/cache" && find . -type f)" ./initramfs/new.cpio
  fails 2 kd gc --age 7d
  contains "$output" '--age is of the cache: --cache --age 7d'
  fails 2 kd gc --cache --age soon
  contains "$output" "The value 'soon' is invalid for '--age"
}
