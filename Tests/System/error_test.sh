# Errors that help, and leave nothing behind.
# shellcheck shell=bash

test_a_missing_program_is_named_with_its_package() {
  mkdir "$work/bin"
  local name
  for name in ip busybox cpio sha256sum modprobe qemu-system-x86_64; do
    ln -s "$(PATH=$PATH:/usr/sbin:/sbin command -v $name)" "$work/bin/$name"
  done
  fails 1 inside env PATH="$work/bin" "$PROGRAM" run setup.lua --net user
  contains "$output" 'the program qemu-img is not installed'
  contains "$output" 'sudo apt-get install qemu-utils'
  nothing_left
}

test_no_space_is_named_and_nothing_is_left() {
  mkdir "$work/small"
  mount -t tmpfs -o size=300k tmpfs "$work/small"
  KDEVLUA_STATE=$work/small/state
  mkdir -p "$work/small/state"
  head -c 220k /dev/zero >"$work/small/fill"
  fails 1 kd run setup.lua --net user
  contains "$output" 'No space left on device'
  contains "$output" 'df -h'
  equal "$(find "$work/small" -name '*.qcow2')" ''
  nothing_left
}

test_a_disk_in_use_by_another_qemu_is_refused() {
  mkdir -p "$KDEVLUA_STATE/disks"
  qemu-img create -q -f qcow2 "$KDEVLUA_STATE/disks/work-base.qcow2" 20G
  qemu-img create -q -f qcow2 -b "$KDEVLUA_STATE/disks/work-base.qcow2" -F qcow2 "$KDEVLUA_STATE/disks/work.qcow2"
  inside qemu-system-x86_64 -name other -accel tcg -display none -S -drive "file=$KDEVLUA_STATE/disks/work.qcow2,format=qcow2" \
    -daemonize -pidfile "$work/other.pid"
  fails 1 kd run setup.lua --net user
  kill "$(cat "$work/other.pid")"
  contains "$output" "the disk $KDEVLUA_STATE/disks/work.qcow2 is in use by the machine other"
  nothing_left
}

test_a_tap_name_that_is_taken_is_refused() {
  inside ip link add name tap-work type bridge
  fails 1 kd run setup.lua --net tap
  contains "$output" 'the name tap-work is taken by a bridge interface'
  inside ip link del tap-work
  nothing_left
}

test_a_tap_that_another_program_has_open_is_refused() {
  inside ip tuntap add dev tap-work mode tap
  inside ip link set tap-work up
  inside qemu-system-x86_64 -accel tcg -display none -S -netdev tap,id=n,ifname=tap-work,script=no,downscript=no \
    -device virtio-net-pci,netdev=n -daemonize -pidfile "$work/other.pid"
  fails 1 kd run setup.lua --net tap
  kill "$(cat "$work/other.pid")"
  contains "$output" 'the tap tap-work is in use by another program'
  inside ip link del tap-work
  nothing_left
}

test_a_kernel_that_panics_is_told_with_its_console() {
  cat >"$work/panic.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "panic" }
	local kernel <const> = kdev.kernel.find()
	kdev.vm.launch { name = "panic", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), append = { "rdinit=/nowhere" } }
	lua
  fails 1 kd run "$work/panic.lua"
  contains "$output" "the guest's kernel panicked: VFS: Unable to mount root fs"
  contains "$output" '| '
  contains "$output" "at $work/panic.lua:4"
  nothing_left
}

test_a_guest_that_never_answers_is_told_with_its_console_and_ended() {
  fails 1 kd run setup.lua --net tap --boot-timeout 1s
  contains "$output" 'the guest did not answer within 1 s'
  contains "$output" '! --boot-timeout gives the guest longer'
  nothing_left
}

test_keep_leaves_what_was_made_and_down_undoes_it() {
  fails 1 kd run setup.lua --net tap --boot-timeout 1s --keep
  contains "$output" 'kept for you to look at'
  inside ip link show dev tap-work >/dev/null || fail '--keep removed the tap'
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_taken_vnc_display_is_named() {
  (exec ip netns exec "$namespace" socat TCP-LISTEN:5907,bind=127.0.0.1,fork /dev/null) &
  local listener=$!
  sleep 0.5
  fails 1 kd run setup.lua --net user --vnc 7
  kill $listener
  contains "$output" 'the VNC display :7 of the machine work is taken'
  nothing_left
}

test_a_forced_choice_that_cannot_be_had_names_what_is_missing_and_the_command() {
  [ ! -e /dev/vhost-net ] || skip 'this machine has /dev/vhost-net'
  fails 1 kd run setup.lua --net tap --vhost on
  contains "$output" 'vhost cannot be what was asked for'
  contains "$output" 'sudo modprobe vhost_net'
  nothing_left
  fails 2 kd run setup.lua --net wireless
  contains "$output" "'net' has no alternative 'wireless'; there are: tap, user"
}

test_wrong_usage_ends_with_2_and_says_what_was_meant() {
  fails 2 kd run setup.lua --memroy 2G
  contains "$output" 'did you mean --memory?'
  fails 2 kd run setup.lua --memory much
  contains "$output" 'is not a size'
  fails 2 kd run --wrong setup.lua
  fails 2 kd nothing
  nothing_left
}

test_a_syntax_error_names_file_and_line() {
  printf 'local x = 1\nlocal = 2\n' >"$work/bad.lua"
  fails 1 kd run "$work/bad.lua"
  contains "$output" "$work/bad.lua:2: <name> expected"
  fails 1 kd run "$work/nowhere.lua"
  contains "$output" 'there is no script'
}

test_a_bad_kernel_is_refused_before_anything_is_changed() {
  echo 'no kernel' >"$work/kernel"
  fails 1 kd run setup.lua --net tap --kernel "$work/kernel"
  contains "$output" 'is not a kernel that QEMU can boot'
  nothing_left
}
