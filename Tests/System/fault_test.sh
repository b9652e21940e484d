# What goes wrong beside kdevlua: each time a clear message, nothing left behind, and the next run works.
# shellcheck shell=bash

# What `ip netns exec` runs has mounts of its own, so that a namespace made by it would be nowhere else.
kd() { (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" "$@"); }

# A machine in a bridge that is served, whose guest never starts, by a set-up that succeeds in a second. With QUICK_SPACE all of it is
# in a namespace of that name, with an interface of the host, quick1, in it.
quick() {
  quick_script
  kd run --quiet "$work/quick.lua"
}
quick_script() {
  [ -z "${QUICK_SPACE:-}" ] || movable
  cat >"$work/quick.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "quick" } -- luacheck: ignore setup
	local place <const> = os.getenv "QUICK_SPACE"
	local space <const> = place and kdev.net.namespace(place, { interfaces = { "quick1" } })
	local disk <const> = kdev.disk.create { path = "quick.qcow2", size = "1G" }
	local bridge <const> = kdev.net.bridge { name = "quick0", dhcp = true, masquerade = true, namespace = space }
	local net <const> = kdev.net.tap { bridge = bridge }
	kdev.vm.launch { name = "quick", memory = "64M", disks = { disk }, net = net, wait = "none", extra = { "-S" } }
	lua
}

# in_turn ROUND: every other round has a namespace of its own.
in_turn() {
  unset QUICK_SPACE
  [ $(($1 % 2)) = 0 ] || export QUICK_SPACE=$namespace-in
  quick_script
}
# An interface of the host with an address and a route.
movable() {
  inside ip link show dev quick1 >/dev/null 2>&1 && return
  inside ip link add quick1 type veth peer name quick2
  inside ip link set quick2 up
  inside ip addr add 10.7.0.2/24 dev quick1
  inside ip link set quick1 up
  inside ip route add 10.8.0.0/24 via 10.7.0.1 dev quick1
}
# Nothing is left, and the interface is back.
all_as_before() {
  if [ -n "${QUICK_SPACE:-}" ]; then
    contains "$(inside ip -br addr show dev quick1)" 10.7.0.2/24
    contains "$(inside ip route)" '10.8.0.0/24 via 10.7.0.1 dev quick1'
    inside ip link del quick1
  fi
  nothing_left
}

# The next run works, and its end leaves nothing.
next_run_works() {
  quick || fail 'the next run does not work'
  equal "$(machines | wc -l)" 1
  kd down --now --disks 2>/dev/null
  all_as_before
  [ -z "$(find "$KDEVLUA_STATE" -name '*.qcow2' 2>/dev/null)" ] || fail 'a disk is left'
}

# Programs that do what the real ones do, and kill kdevlua at the call number $KILL_AT: before they do it, or after. (One that is
# run by `ip netns exec` is not its child.) Some run at once, and each has a number of its own.
deadly_programs() {
  local name
  mkdir -p "$work/deadly"
  for name in ip nft sysctl dnsmasq qemu-img qemu-system-x86_64; do
    cat >"$work/deadly/$name" <<-shell
	#!/bin/bash
	number=\$(flock "$work/count" sh -c 'number=\$((\$(cat "$work/count") + 1)); echo \$number | tee "$work/count"')
	if [ \$number = "\$KILL_AT" ] && [ "\$KILL_WHEN" = before ]; then kill -9 \$KDEVLUA_PID; exit 1; fi
	$(PATH=$PATH:/usr/sbin:/sbin command -v $name) "\$@"
	status=\$?
	if [ \$number = "\$KILL_AT" ]; then kill -9 \$KDEVLUA_PID; fi
	exit \$status
	shell
    chmod +x "$work/deadly/$name"
  done
}

no_deadly_program() { ! pgrep -f "^/bin/bash $work/deadly/"; }

test_kill_9_at_every_step_of_a_launch_is_undone_by_the_next_run_or_by_gc() { kill_at_every_step; }

test_kill_9_at_every_step_of_a_launch_in_a_namespace_is_undone_by_the_next_run_or_by_gc() {
  export QUICK_SPACE=$namespace-in
  kill_at_every_step
}

# The shell becomes the program by exec, so that its number is known.
deadly_run() {
  # shellcheck disable=SC2016
  cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" \
    sh -c 'KDEVLUA_PID=$$ exec "$@"' sh "$PROGRAM" run --quiet "$work/quick.lua"
}

kill_at_every_step() {
  deadly_programs
  local when number status real=$PATH
  for when in before after; do
    for number in $(seq 60); do
      quick_script
      echo 0 >"$work/count"
      status=0
      (export PATH=$work/deadly:$real KILL_AT=$number KILL_WHEN=$when && deadly_run) >"$work/out" 2>&1 || status=$?
      [ $status != 0 ] || break
      equal "$status" 137
      # Nobody takes one of these for the program that it is to become.
      eventually no_deadly_program
      # In turn: the next run undoes it itself, gc does, down does.
      case $((number % 3)) in
      0) quick 2>/dev/null || fail "the next run failed after $when $number: $(kd ps)" ;;
      1)
        kd gc 2>"$work/out" || fail "gc failed after $when $number: $(cat "$work/out")"
        (all_as_before) || fail "after gc of $when $number: $(cat "$work/out")"
        continue
        ;;
      esac
      kd down --now --disks 2>"$work/out" || fail "down failed after $when $number: $(cat "$work/out")"
      (all_as_before) || fail "after $when $number"
    done
    [ "$number" -gt 6 ] || fail "only $number steps"
    kd down --now --disks 2>/dev/null
    (all_as_before) || fail "after the whole set-up"
  done
  next_run_works
}

test_a_tap_that_was_deleted_under_a_machine_is_told_and_the_machine_not_taken_over() {
  quick
  inside ip link del tap-quick
  fails 1 quick
  contains "$output" 'the machine quick is running already, and its tap tap-quick was removed meanwhile'
  contains "$output" 'kdevlua down quick'
  kd down --now --disks quick 2>/dev/null
  next_run_works
}

test_a_qemu_without_its_sockets_or_stopped_is_ended_by_down() {
  quick
  rm "$KDEVLUA_STATE/machines/quick/qmp"
  contains "$(kd ps)" 'quick  silent'
  kd down --disks 2>/dev/null
  nothing_left
  quick
  kill -STOP "$(machines)"
  contains "$(kd ps)" 'quick  silent'
  contains "$(kd down --disks 2>&1)" 'does not power off; ending it without'
  next_run_works
}

test_a_qemu_that_was_killed_is_told_as_ended() {
  quick
  kill -9 "$(machines)"
  eventually no_machines
  contains "$(kd ps)" 'quick  ended'
  fails 1 kd exec quick true
  contains "$output" 'the machine quick has ended'
  next_run_works
}

test_a_guest_answers_again_after_its_host_went_while_it_answered() {
  kd run --quiet setup.lua --net user >/dev/null
  local seconds
  for seconds in 0.01 0.03 0.05 0.1; do
    python3 "$(dirname "${BASH_SOURCE[0]}")/gone_host.py" "$KDEVLUA_STATE/machines/work" "$seconds"
    equal "$(kd exec work echo here)" here
  done
  # Programs whose output has a lane of its own, too.
  kd eval 'kdev.vm.get("work"):pause()'
  kd eval 'kdev.vm.get("work"):resume()'
  equal "$(kd exec work sh -c 'yes | head -c 1000000 | wc -c')" 1000000
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_guest_that_panics_or_hangs_under_a_command_is_told() {
  kd run --quiet setup.lua --net user >/dev/null
  # It hangs: its processors are stopped.
  kd eval 'kdev.vm.get("work"):exec { "sh", "-c", "sleep 1000 & exit 0" }'
  kill -STOP "$(machines)"
  fails 1 kd exec work true
  contains "$output" 'the guest did not answer within 10 s'
  kill -CONT "$(machines)"
  fails 1 kd exec work sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 60'
  contains "$output" 'the kernel of the guest work panicked: Kernel panic - not syncing: sysrq triggered crash'
  eventually no_machines
  contains "$(kd ps)" 'work  ended'
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_disk_without_room_stops_its_machine_which_goes_on_when_there_is_some() {
  mkdir "$work/small"
  mount -t tmpfs -o size=4m tmpfs "$work/small"
  cat >"$work/share/full.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "full" } -- luacheck: ignore setup
	local base <const> = kdev.disk.create { path = "base.qcow2", size = "1G" }
	local disk <const> = kdev.disk.overlay { path = arg[1], backing = base }
	local kernel <const> = kdev.kernel.find()
	kdev.vm.launch {
	  name = "full", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M", disks = { disk },
	  net = kdev.net.user(),
	}
	lua
  kd run --quiet full.lua "$work/small/full.qcow2"
  # Whoever waits is told at once.
  fails 1 kd exec full dd if=/dev/zero of=/dev/vda bs=1M count=8 conv=fsync
  contains "$output" "the machine full stands still: there is no room for its disk $work/small/full.qcow2"
  contains "$output" 'make room on that file system (df -h); then kdevlua eval'
  contains "$(kd ps)" 'full  disk-error'
  fails 1 kd exec full true
  contains "$output" 'there is no room for its disk'
  fails 1 kd run --quiet full.lua "$work/small/full.qcow2"
  contains "$output" 'there is no room for its disk'
  # With room it goes on where it was.
  mount -o remount,size=100m "$work/small"
  kd eval 'kdev.vm.get("full"):resume()'
  contains "$(kd ps)" 'full  running'
  eventually kd eval 'kdev.vm.get("full"):exec { "sh", "-c", "! pidof dd", timeout = 10 }'
  # And one whose guest powers itself off.
  fails 1 kd exec full sh -c 'poweroff -f; sleep 100'
  contains "$output" 'the guest ended before it answered'
  contains "$(kd ps)" 'full  ended'
  kd run --quiet full.lua "$work/small/full.qcow2"
  kd exec full true
  # A machine that somebody has paused says so, too.
  kd eval 'kdev.vm.get("full"):pause()'
  fails 1 kd exec full true
  contains "$output" 'the machine full is paused'
  contains "$output" "kdevlua eval 'kdev.vm.get(\"full\"):resume()' lets it go on"
  kd down --now --disks 2>/dev/null
  [ ! -e "$work/small/full.qcow2" ] || fail 'the overlay is left'
  umount "$work/small"
  nothing_left
}

test_a_dnsmasq_that_was_killed_is_told_and_started_anew() {
  cat >"$work/share/names.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "names" } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "names0", dhcp = true, masquerade = true }
	kdev.vm.launch {
	  name = "names", memory = "64M", net = kdev.net.tap { bridge = bridge }, wait = "none", extra = { "-S" },
	}
	lua
  server() { inside ss -Hlunp 'sport = :53' | sed 's/.*pid=\([0-9]*\).*/\1/' | sort -u; }
  local first
  kd run --quiet names.lua
  first=$(server)
  kill -9 "$first"
  eventually [ ! -d "/proc/$first/fd/" ]
  # No column of it is left out: what is gone, and whose it was.
  eventually grep -Eq 'name service names0 +names +gone' <(kd ps)
  # The next run starts it anew, for the same machine.
  kd run --quiet names.lua
  [ -n "$(server)" ] || fail 'no dnsmasq'
  lacks "$(kd ps)" 'gone'
  equal "$(machines | wc -l)" 1
  # Down and gc have no trouble with one that is dead.
  kill -9 "$(server)"
  kd down --now --disks 2>/dev/null
  nothing_left
  equal "$(inside nft list tables)" ''
}

test_a_broken_description_of_a_machine_keeps_nobody_from_work() {
  quick
  printf '{"spec":{"na' >"$KDEVLUA_STATE/machines/quick/machine.json"
  fails 1 quick
  contains "$output" "cannot read $KDEVLUA_STATE/machines/quick/machine.json"
  contains "$output" 'kdevlua down quick'
  # Once its QEMU has ended it describes nothing.
  kill -9 "$(machines)"
  eventually no_machines
  next_run_works
}

test_a_state_folder_that_may_not_be_written_is_named() {
  mkdir -m 755 "$work/closed"
  fails 1 inside setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$work" KDEVLUA_STATE="$work/closed/state" \
    "$PROGRAM" eval 'kdev.transaction.begin { name = "x" }'
  contains "$output" "could not make the folder $work/closed/state: Permission denied"
  contains "$output" 'set KDEVLUA_STATE to a folder that you may write'
  next_run_works
}

# The clock that jumps is a guest's: the program runs there, in the host's files.
test_a_wall_clock_that_jumps_changes_no_wait_and_no_time_limit() {
  cat >"$work/share/jump.lua" <<-'lua'
	assert(io.open "/proc/cmdline":read "a":find "kdev.host=clock", "this sets the clock: only in a guest")
	local kdev <const> = require "kdev"
	local function uptime() return tonumber(io.open "/proc/uptime":read "n") end
	for _, day in ipairs { "tomorrow", "yesterday", "yesterday" } do
	  local wall, began = os.time(), uptime()
	  local ended = kdev.task.all {
	    function() return (pcall(kdev.proc.run, { "sleep", "300", timeout = 4 })) end,
	    function() kdev.task.sleep(4) end,
	    function() kdev.task.sleep(1) kdev.proc.run { "date", "-s", day } end,
	  }
	  local took <const> = uptime() - began
	  print(day, math.abs(os.time() - wall) > 80000, ended, took >= 4 and took < 200)
	end
	lua
  cat >"$work/share/clock.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "clock" } -- luacheck: ignore setup
	local kernel <const> = kdev.kernel.find()
	local vm <const> = kdev.vm.launch {
	  name = "clock", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "1G", net = kdev.net.user(),
	  share = { host = { path = "/", read_only = true } },
	}
	vm:mount("host", "/mnt/host")
	vm:exec { "sh", "-c", "cd /mnt/host; mount -t proc proc proc; mount -t devtmpfs dev dev; mount -t tmpfs run run" }
	vm:push("jump.lua", "/mnt/host/run/jump.lua")
	local state <const> = "KDEVLUA_STATE=/run/state"
	io.write(vm:exec { "chroot", "/mnt/host", "env", state, arg[1], "run", "/run/jump.lua" }.stdout)
	lua
  equal "$(kd run --quiet clock.lua "$PROGRAM")" "$(printf '%s\ttrue\tfalse\ttrue\n' tomorrow yesterday yesterday)"
  kd down --now 2>/dev/null
  nothing_left
}

test_ctrl_c_at_random_moments_leaves_nothing() {
  local count=${KDEVLUA_SOAK:-20} seed=${KDEVLUA_SEED:-$RANDOM} round delay status pid
  echo "seed $seed"
  RANDOM=$seed
  quick
  kd down --now --disks 2>/dev/null
  for round in $(seq "$count"); do
    in_turn "$round"
    delay=$(printf '0.%03d' $((RANDOM % 1000)))
    set -m
    (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" run --quiet "$work/quick.lua" >"$work/out" 2>&1) &
    pid=$! status=0
    sleep "$delay"
    kill -INT $pid 2>/dev/null || true
    wait $pid || status=$?
    set +m
    case $status in
    0) kd down --now --disks 2>/dev/null ;;
    # Nothing is left, or, when it came after the last step, the whole set-up.
    130)
      output=$(kd ps)
      lacks "$output" half-made
      if [ -n "$(machines)" ]; then
        contains "$output" quick
        kd down --now --disks 2>/dev/null
      fi
      ;;
    *) fail "seed $seed, round $round, after $delay s: status $status: $(cat "$work/out")" ;;
    esac
    (all_as_before) || fail "seed $seed, round $round, after $delay s"
    [ -z "$(find "$KDEVLUA_STATE" -name '*.qcow2' 2>/dev/null)" ] || fail "seed $seed, round $round: a disk is left"
  done
  in_turn 0
  next_run_works
}

test_what_runs_is_the_users_own_and_tells_no_secret() {
  umask 000
  quick
  umask 022
  equal "$(stat -c %a "$KDEVLUA_STATE/machines/quick")" 700
  equal "$(stat -c %a "$KDEVLUA_STATE/machines")" 700
  equal "$(inside ss -Hltnp | grep -v dnsmasq | awk '{print $4}' | sed 's/:[0-9]*$//' | sort -u)" 127.0.0.1
  kd down --now --disks 2>/dev/null
  # As by sudo: QEMU is the calling user's, not root's.
  SUDO_UID=65534 SUDO_GID=65534 quick
  equal "$(stat -c %U /proc/"$(machines)")" nobody
  kd down --now --disks 2>/dev/null
  local name
  for name in '../x' '-x' 'a b' 'a/b' '' 'a,b'; do
    fails 1 kd eval 'kdev.transaction.begin { name = arg[1] }' "$name"
    contains "$output" "cannot be a machine's name"
  done
  # What a command in the guest is given is on no command line of the host.
  kd run --quiet setup.lua --net user >/dev/null
  export SECRET_PART=plugh
  kd eval 'kdev.vm.get("work"):exec { "sh", "-c", "sleep 3", env = { TOKEN = os.getenv "SECRET_PART" .. "xyzzy" } }' 2>/dev/null &
  local pid=$!
  sleep 1.5
  ! grep -alq plughxyzzy /proc/[0-9]*/cmdline 2>/dev/null || fail 'a secret is on a command line'
  wait $pid || true
  kd down --now --disks 2>/dev/null
  nothing_left
}
