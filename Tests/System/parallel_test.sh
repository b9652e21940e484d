# Many kdevlua at once.
# shellcheck shell=bash

# The guests' processors never start, so that twenty of them cost nothing.
paused_machine() {
  cat >"$work/paused.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local name <const>, kind <const> = arg[1], arg[2]
	local setup <close> = kdev.transaction.begin { name = name } -- luacheck: ignore setup
	local disk <const> = kdev.disk.create { path = name .. ".qcow2", size = "1G" }
	local net <const> = kind == "tap" and kdev.net.tap {
	  bridge = kdev.net.bridge { name = "many0", dhcp = true, masquerade = true },
	} or kdev.net.user()
	kdev.vm.launch {
	  name = name, memory = "64M", disks = { disk }, net = net, wait = "none", extra = { "-S" },
	}
	lua
}

test_twenty_programs_at_once_take_no_tap_display_port_or_address_twice() {
  paused_machine
  local number kind pids=() pid
  for number in $(seq 20); do
    kind=$([ $((number % 2)) = 0 ] && echo tap || echo user)
    kd run --quiet "$work/paused.lua" "m$number" "$kind" >"$work/out$number" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || fail "$(cat "$work"/out*)"; done
  equal "$(machines | wc -l)" 20
  equal "$(kd ps | awk '$2 == "paused" {print $8}' | sort -u | wc -l)" 20
  equal "$(kd ps | awk '$2 == "paused" {print $7}' | sort -u | wc -l)" 20
  # Each tap carries a machine of its own, and all are in the one bridge.
  equal "$(inside ip -br link show master many0 | grep -c LOWER_UP)" 10
  equal "$(inside ip -br link show type bridge | wc -l)" 1
  kd down --now --disks 2>/dev/null
  nothing_left
}

test_one_of_many_programs_gets_a_name_and_the_others_are_told() {
  paused_machine
  local number pids=() pid won=0 told=0
  for number in $(seq 8); do
    kd run --quiet "$work/paused.lua" same tap >"$work/out$number" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    if wait "$pid"; then won=$((won + 1)); fi
  done
  for number in $(seq 8); do
    case $(cat "$work/out$number") in
    '') ;;
    *'another kdevlua is setting up or taking down the machine same'*) told=$((told + 1)) ;;
    *) fail "neither: $(cat "$work/out$number")" ;;
    esac
  done
  equal "$((won + told))" 8
  [ "$won" -ge 1 ] || fail 'nobody made the machine'
  equal "$(machines | wc -l)" 1
  kd down --now --disks 2>/dev/null
  nothing_left
}

test_a_tap_that_another_state_has_made_is_not_taken_over() {
  kd eval 'kdev.net.tap { name = "mine0" }'
  fails 1 env KDEVLUA_STATE="$work/other" ip netns exec "$namespace" "$PROGRAM" eval 'kdev.net.tap { name = "mine0" }'
  contains "$output" "the tap mine0 was made by another kdevlua, which keeps its state in $KDEVLUA_STATE"
  contains "$output" "KDEVLUA_STATE=$KDEVLUA_STATE kdevlua down"
  kd down 2>/dev/null
  nothing_left
}

test_a_machine_called_network_does_not_wait_for_itself() {
  paused_machine
  timeout 60 ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/paused.lua" network tap
  kd down --now --disks 2>/dev/null
  nothing_left
}

# A set-up "second" that has the bridge held0 and is at work until let_go: it makes a tap in it then, and fails.
hold_the_bridge() {
  cat >"$work/hold.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "second" } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "held0" }
	io.stdout:write("ready\n"):flush()
	io.read()
	kdev.net.tap { bridge = bridge }
	error "enough"
	lua
  mkfifo "$work/go"
  kd run --quiet "$work/hold.lua" <"$work/go" >"$work/out" 2>&1 &
  holder=$!
  exec 7>"$work/go"
  eventually grep -q ready "$work/out"
}

let_go() {
  echo >&7
  exec 7>&-
  wait "$holder" || true
  contains "$(cat "$work/out")" 'enough'
}

test_a_bridge_stays_while_a_set_up_that_took_it_over_has_put_nothing_into_it() {
  kd eval 'local s <close> = kdev.transaction.begin { name = "first" }; kdev.net.bridge { name = "held0" }'
  hold_the_bridge
  contains "$(kd down first 2>&1)" 'stays: other machines use it'
  inside ip link show dev held0 >/dev/null || fail 'the bridge was removed under the second set-up'
  let_go
  nothing_left
}

test_all_is_taken_down_but_what_another_program_is_at() {
  kd eval 'local s <close> = kdev.transaction.begin { name = "first" }
    kdev.net.tap { name = "first0", bridge = kdev.net.bridge { name = "held0" } }
    kdev.net.bridge { name = "first1" }'
  hold_the_bridge
  fails 1 kd down
  contains "$output" 'another kdevlua is setting up or taking down the machine second'
  contains "$output" 'stays: other machines use it'
  equal "$(inside ip -brief link show type bridge | awk '{ print $1 }')" held0
  equal "$(inside ip -brief link show type tun)" ''
  let_go
  nothing_left
}

# A tap in a bridge with DHCP and a way out, of a set-up that succeeded.
shared_setup() {
  cat >"$work/shared.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	kdev.net.tap { bridge = kdev.net.bridge { name = "many0", dhcp = true, masquerade = true } }
	lua
  kd run --quiet "$work/shared.lua" "$1"
}

test_machines_in_one_bridge_are_taken_down_at_once_and_nothing_of_it_is_left() {
  local name pid pids before
  before=$(inside cat /proc/sys/net/ipv4/ip_forward)
  for _ in 1 2 3 4 5; do
    for name in one two three; do shared_setup $name; done
    pids=()
    for name in one two three; do
      kd down --quiet $name >"$work/out-$name" 2>&1 &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "$(cat "$work"/out-*)"; done
    equal "$(inside nft list tables)" ''
    equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" "$before"
    eventually is_empty "$namespace"
    nothing_left
  done
}

test_set_ups_in_one_bridge_that_fail_at_once_leave_nothing_of_it() {
  local name pid pids
  cat >"$work/failing.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	kdev.net.tap { bridge = kdev.net.bridge { name = "many0", dhcp = true, masquerade = true } }
	-- Until all are there.
	kdev.fs.write("ready-" .. arg[1], "")
	while #kdev.glob.list "ready-*" < 3 do kdev.task.sleep(0.005) end
	error "enough"
	lua
  for _ in 1 2 3 4 5 6; do
    rm -f "$work/share"/ready-*
    pids=()
    for name in one two three; do
      kd run --quiet "$work/failing.lua" $name >"$work/out-$name" 2>&1 &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do ! wait "$pid" || fail 'no error'; done
    eventually is_empty "$namespace"
    nothing_left
  done
}

test_a_machine_that_takes_its_time_to_go_keeps_nobody_from_its_bridge() {
  local pid
  paused_machine
  kd run --quiet "$work/paused.lua" slow tap
  kd run --quiet "$work/paused.lua" quick tap
  # Its QEMU answers nobody, so that it is waited for.
  kill -STOP "$(cat "$KDEVLUA_STATE/machines/slow/pid")"
  kd down slow >"$work/out" 2>&1 &
  pid=$!
  sleep 1
  kd down --now quick 2>/dev/null
  kd run --quiet "$work/paused.lua" quick tap
  kill -0 "$pid" || fail 'the slow one is gone already'
  wait "$pid"
  kd down --now --disks 2>/dev/null
  nothing_left
}

test_a_lock_that_is_held_for_a_moment_is_waited_for() {
  paused_machine
  kd run --quiet "$work/paused.lua" looked tap
  # As gc and doctor hold it while they look.
  flock "$KDEVLUA_STATE/locks/looked.lock" sleep 0.7 &
  sleep 0.1
  kd run --quiet "$work/paused.lua" looked tap
  flock "$KDEVLUA_STATE/locks/looked.lock" sleep 0.7 &
  sleep 0.1
  kd down --now --disks looked 2>/dev/null
  wait
  nothing_left
}

# Two set-ups in a bridge that is served, each with a command in its fifo: the first has made it.
shared_setups() {
  cat >"$work/shared.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	kdev.net.tap { bridge = kdev.net.bridge { name = "shared0", dhcp = true, masquerade = true } }
	io.stdout:write("ready\n"):flush()
	io.read()
	error "enough"
	lua
  local name
  pids=()
  for name in first second; do
    rm -f "$work/$name" "$work/$name.out"
    mkfifo "$work/$name"
    # It becomes the program by exec, so that its number is known.
    (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/shared.lua" "$name") \
      <>"$work/$name" >"$work/$name.out" 2>&1 &
    pids+=($!)
    eventually grep -q ready "$work/$name.out"
  done
  echo >"$work/first"
  wait "${pids[0]}" || true
  # It stays for the second one's sake.
  equal "$(inside ip -br link show master shared0 | wc -l)" 1
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 1
}

test_what_a_failed_set_up_has_left_for_another_one_goes_with_that() {
  local pids
  shared_setups
  echo >"$work/second"
  wait "${pids[1]}" || true
  contains "$(cat "$work/second.out")" enough
  nothing_left
  # And when that is killed, with gc, or with the next run of its name, or of the first one's.
  shared_setups
  kill -9 "${pids[1]}"
  wait "${pids[1]}" 2>/dev/null || true
  kd gc 2>/dev/null
  nothing_left
  shared_setups
  kill -9 "${pids[1]}"
  wait "${pids[1]}" 2>/dev/null || true
  kd eval 'kdev.transaction.begin { name = "second" }' 2>/dev/null
  nothing_left
  shared_setups
  fails 1 kd eval 'local setup <close> = kdev.transaction.begin { name = "first" } error "enough"'
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 1
  echo >"$work/second"
  wait "${pids[1]}" || true
  nothing_left
}

test_gc_leaves_what_a_failed_set_up_has_left_for_another_one() {
  local pids
  shared_setups
  kd gc 2>"$work/err"
  contains "$(cat "$work/err")" 'nothing is left over'
  kd down first 2>/dev/null
  equal "$(inside ip -br link show master shared0 | wc -l)" 1
  echo >"$work/second"
  wait "${pids[1]}" || true
  nothing_left
}
