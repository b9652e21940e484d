# Ctrl-C and kill -9, at any moment.
# shellcheck shell=bash

# Runs the set-up and sends it a signal after a time; its status is in $status.
signal_after() {
  local delay=$1 signal=$2
  # Without job control a shell has what runs beside it ignore SIGINT.
  set -m
  (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" run setup.lua --net dhcp >"$work/out" 2>&1) &
  local pid=$!
  sleep "$delay"
  # The shell and ip have become the program by exec.
  kill "-$signal" $pid 2>/dev/null || true
  status=0
  wait $pid || status=$?
  set +m
}

test_ctrl_c_at_any_moment_leaves_nothing() {
  local delay
  for delay in 0.03 0.06 0.1 0.15 0.2 0.3 0.5 1 3; do
    signal_after $delay INT
    [ "$status" = 130 ] || fail "status $status after $delay s: $(cat "$work/out")"
    contains "$(cat "$work/out")" 'interrupted'
    nothing_left
    [ -z "$(find "$KDEVLUA_STATE" -name '*.qcow2' 2>/dev/null)" ] || fail "a disk is left after $delay s"
  done
}

test_a_signal_that_comes_twice_at_once_is_one() {
  # timeout(1) signals its child, and then the process group that both are in.
  local _
  cat >"$work/share/slow.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local x <close> = setmetatable({}, { __close = function() kdev.task.sleep(1) print "closed" end }) -- luacheck: ignore x
	print "begun"
	kdev.task.sleep(60)
	lua
  for _ in 1 2 3 4 5; do
    status=0
    (cd "$work/share" && ip netns exec "$namespace" timeout 1 "$PROGRAM" run slow.lua >"$work/out" 2>&1) || status=$?
    equal "$status" 124
    contains "$(cat "$work/out")" begun
    contains "$(cat "$work/out")" closed
  done
}

test_kill_9_at_any_moment_is_undone_by_down() {
  local delay
  for delay in 0.03 0.06 0.1 0.15 0.2 0.3 0.5 1 3; do
    signal_after $delay KILL
    kd down >/dev/null 2>&1 || fail "down failed after $delay s: $(kd down 2>&1)"
    nothing_left
    [ -z "$(find "$KDEVLUA_STATE" -name '*.qcow2' 2>/dev/null)" ] || fail "a disk is left after $delay s"
  done
}

test_what_a_killed_writer_has_left_half_written_goes_with_down() {
  mkdir -p "$KDEVLUA_STATE/journal"
  sleep 0 &
  wait $!
  echo '{' >"$KDEVLUA_STATE/journal/00000002.json.$!.partial"
  # The writer of this one lives.
  echo '{' >"$KDEVLUA_STATE/journal/00000003.json.$$.partial"
  kd down 2>/dev/null
  rm "$KDEVLUA_STATE/journal/00000003.json.$$.partial"
  nothing_left
}

test_kill_9_is_undone_by_the_next_run() {
  signal_after 2 KILL
  local out
  out=$(kd run setup.lua --net dhcp 2>&1)
  contains "$out" 'an earlier set-up of work was interrupted; undoing machine work'
  contains "$out" 'written and read both ways'
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_qemu_that_was_killed_is_replaced_by_the_next_run() {
  kd run --quiet setup.lua --net dhcp >/dev/null
  kill -9 "$(machines)"
  sleep 0.3
  contains "$(kd ps)" 'work  ended'
  contains "$(kd run setup.lua --net dhcp 2>&1)" 'written and read both ways'
  kd down --disks 2>/dev/null
  nothing_left
}

# A thread that does not block the signal would end the program there and then.
test_whichever_thread_gets_ctrl_c_the_script_cleans_up() {
  cat >"$work/threads.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local bridge <close> = kdev.net.bridge { name = "threads0" } -- luacheck: ignore bridge
	print "ready"
	kdev.task.sleep(60)
	lua
  local count=1 number=0 pid thread status
  while [ $number -lt $count ]; do
    rm -f "$work/out"
    set -m
    (exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/threads.lua" >"$work/out" 2>&1) &
    pid=$! status=0
    eventually grep -q ready "$work/out"
    thread=$(find /proc/$pid/task -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | sed -n "$((number + 1))p")
    count=$(find /proc/$pid/task -mindepth 1 -maxdepth 1 | wc -l)
    kill -INT "$thread"
    wait $pid || status=$?
    set +m
    equal "$status $(cat "$work/out")" "130 ready
kdevlua: interrupted"
    nothing_left
    number=$((number + 1))
  done
  [ $count -gt 3 ] || fail 'these are too few threads to show it'
}

test_nohup_and_a_shells_background_are_respected() {
  echo 'require "kdev".task.sleep(0.5) print "done"' >"$work/quiet.lua"
  # A shell without job control has what it starts with & ignore SIGINT.
  "$PROGRAM" run "$work/quiet.lua" >"$work/out" 2>&1 &
  sleep 0.3
  kill -INT $!
  wait $! || fail "$(cat "$work/out")"
  equal "$(cat "$work/out")" 'done'
}

test_ctrl_c_during_down_lets_the_machine_run_on() {
  kd run --quiet setup.lua --net user >/dev/null
  # A guest that does not power off: its processors are stopped.
  kill -STOP "$(machines)"
  set -m
  (exec ip netns exec "$namespace" "$PROGRAM" down >"$work/out" 2>&1) &
  local pid=$! status=0
  sleep 1.5
  kill -INT $pid
  wait $pid || status=$?
  set +m
  equal "$status" 130
  [ -n "$(machines)" ] || fail 'the machine was killed'
  # It runs, and says nothing as long as it is stopped.
  contains "$(kd ps)" 'work  silent'
  kill -CONT "$(machines)"
  kd down --disks --now 2>/dev/null
  nothing_left
}

# Runs a script that prints "ready", and sends it SIGINT twice; its status is in $status, how long it took to end in $took.
interrupt_twice() {
  rm -f "$work/out"
  set -m
  (exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$1" >"$work/out" 2>&1) &
  local pid=$! start
  status=0
  eventually grep -q ready "$work/out"
  kill -INT $pid
  sleep 0.7
  kill -0 $pid || fail "the first signal ended it: $(cat "$work/out")"
  start=$(date +%s%N)
  kill -INT $pid
  wait $pid || status=$?
  took=$((($(date +%s%N) - start) / 1000000))
  set +m
}

# The second signal ends twice.lua before the limit does, and nothing is left.
is_undone_in_time() {
  interrupt_twice "$work/twice.lua"
  equal "$status" 130
  [ "$took" -lt 4900 ] || fail "it took $took ms"
  nothing_left
}

test_a_second_ctrl_c_ends_handlers_that_wait_and_programs_that_ignore_it() {
  cat >"$work/twice.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local forever <const> = setmetatable({}, { __close = function() kdev.task.sleep(1000) end })
	kdev.task.spawn(function()
	  local _ <close> = forever
	  kdev.proc.run { "sh", "-c", "trap '' INT TERM; echo ready; while :; do sleep 60.25; done", stdout = "inherit" }
	end)
	local _ <close> = setmetatable({}, { __close = function()
	  kdev.proc.run { "sh", "-c", "trap '' INT TERM; while :; do sleep 60.25; done" }
	end })
	kdev.task.sleep(1000)
	lua
  interrupt_twice "$work/twice.lua"
  equal "$status" 130
  [ "$took" -lt 3000 ] || fail "it took $took ms"
  lacks "$(ps -eo args)" 'sleep 60.25'
}

test_a_second_ctrl_c_still_undoes_what_is_held_of_the_host() {
  cat >"$work/twice.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local forever <const> = { __close = function() kdev.task.sleep(1000) end }
	local bridge <close> = kdev.net.bridge { name = "twice0" } -- luacheck: ignore bridge
	local work <close> = kdev.transaction.begin { name = "twice" } -- luacheck: ignore work
	kdev.net.bridge { name = "twice1" }
	local _ <close> = setmetatable({}, forever)
	print "ready"
	kdev.task.sleep(1000)
	lua
  is_undone_in_time
}

test_a_second_ctrl_c_ends_a_handler_that_loops() {
  cat >"$work/twice.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local bridge <close> = kdev.net.bridge { name = "loops0" } -- luacheck: ignore bridge
	local _ <close> = setmetatable({}, { __close = function() while true do end end })
	print "ready"
	kdev.task.sleep(1000)
	lua
  is_undone_in_time
  # One that catches what it is told: the limit ends it, and says what is left.
  sed -i 's/while true do end/while true do pcall(kdev.task.sleep, 1) end/' "$work/twice.lua"
  interrupt_twice "$work/twice.lua"
  contains "$(cat "$work/out")" 'kdevlua down'
  kd down 2>/dev/null
  nothing_left
}

test_os_exit_unwinds_what_a_script_has_made() {
  cat >"$work/exit.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local bridge <close> = kdev.net.bridge { name = "exit0" }
	local ok = pcall(function() os.exit(5) end)
	print("not reached", ok, bridge)
	lua
  fails 5 kd run "$work/exit.lua"
  lacks "$output" 'not reached'
  nothing_left
}
