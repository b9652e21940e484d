# The ways into a guest: streams, files, the console, shells and ssh, each on a real guest.
# shellcheck shell=bash

# launch [FIELD ...]: a machine g with the default guest; FIELDs are Lua, for kdev.vm.launch.
launch() {
	cat >"$work/launch.lua" <<-lua
		local kdev <const> = require "kdev"
		local kernel <const> = kdev.kernel.find()
		kdev.vm.launch { name = "g", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "384M", $* }
	lua
	kd run --quiet "$work/launch.lua"
}

# in_guest: the script on standard input, with the machine as m.
in_guest() {
	{ echo 'local kdev <const> = require "kdev"; local m <const> = kdev.vm.get "g"' && cat; } >"$work/in.lua"
	kd run --quiet "$work/in.lua"
}

# at TERMINAL COMMAND ...: a command of tmux. Each terminal is one of its own, in the test's namespace, which ends with it.
at() {
	local name=$1
	shift
	inside tmux -S "$work/tmux.$name" -f /dev/null "$@"
}
# terminal NAME COMMAND: the command in a terminal.
terminal() {
	at "$1" new-session -d -x 100 -y 30 "stty -a >$work/before.$1; $PROGRAM $2; stty -a >$work/after.$1; sleep 1000"
}
screen() { at "$1" capture-pane -p; }
keys() { at "$1" send-keys "${@:2}"; }
# shows TERMINAL TEXT: it comes to be on its screen.
shows() {
	for _ in $(seq 200); do
		[[ $(screen "$1") == *"$2"* ]] && return
		sleep 0.1
	done
	fail "'$2' is not on the screen: $(screen "$1")"
}

test_streams_and_files_go_into_a_guest_and_out_of_it_whole() {
	launch
	mkdir -p "$work/share/tree/sub"
	head -c 3000000 /dev/urandom >"$work/share/large"
	cp /bin/true "$work/share/tree/sub/program"
	chmod 4751 "$work/share/tree/sub/program"
	ln -s sub/program "$work/share/tree/link"
	touch "$work/share/tree/ name'with \$signs"
	in_guest <<-'lua'
		-- Bytes by a file and out of one, beside an error output of its own.
		local r = m:exec {
		  "sh", "-c", "cat; echo bad >&2; exit 3",
		  stdin = { file = "large" }, stdout = { file = "copy" }, stderr = { file = "bad" }, check = false,
		}
		assert(r.status == 3 and r.stdout == "" and r.stderr == "")
		assert(io.open("bad"):read "a" == "bad\n")
		local large <const> = io.open("large", "rb"):read "a"
		assert(io.open("copy", "rb"):read "a" == large)
		-- A large text goes the same way, and the result is captured.
		assert(m:exec { "cat", stdin = large }.stdout == large)
		-- Lines come while the program runs: it ends only when it is told to.
		local first
		local ok, err = pcall(m.exec, m, { "sh", "-c", "echo one; sleep 1000", stdout = function(line)
		  first = line
		  error "seen"
		end })
		assert(not ok and tostring(err):find "seen" and first == "one", tostring(err))
		assert(not m:exec({ "ps" }).stdout:find "sleep 1000", "it was not killed")
		local bytes = 0
		m:exec { "sh", "-c", "head -c 500000 /dev/zero | tr '\\0' 'x' | fold -w 99", stdout = function(line) bytes = bytes + #line end }
		assert(bytes == 500000, bytes)
		assert(m:exec { "sh", "-c", "echo a; echo b >&2; echo c", stdout = { file = "both" }, stderr = "stdout" }.status == 0)
		assert(io.open("both"):read "a" == "a\nb\nc\n")
		-- A program that is left running with its output open takes a lane with it, and no more.
		for i = 1, 3 do
		  local said
		  m:exec { "sh", "-c", "sleep 1001 & echo " .. i, stdout = function(line) said = line end }
		  assert(said == tostring(i))
		end
		m:exec { "killall", "sleep" }
		-- Files and folders.
		m:push("tree", "/tmp/a/b/tree")
		m:push("large", "/tmp/in/")
		assert(m:exec { "stat", "-c", "%a %u", "/tmp/a/b/tree/sub/program" }.stdout == "4751 0\n")
		m:pull("/tmp/a/b/tree", "back")
		m:pull("/tmp/in/large", "out/large")
		for _, case in ipairs {
		  { "push", "nothing", "/tmp/x", "no file or folder nothing" }, { "pull", "/nothing", "x", "no file or folder /nothing" },
		  { "push", "large", "/proc/x/y", "could not put large at /proc/x/y" }, { "push", "large", "/tmp", "is a folder" },
		} do
		  local done, why = pcall(m[case[1]], m, case[2], case[3])
		  assert(not done and tostring(why):find(case[4], 1, true), tostring(why))
		end
	lua
	(cd "$work/share" && diff -r tree back && cmp large out/large) || fail 'what came back differs'
	equal "$(stat -c %a "$work/share/back/sub/program")" 4751
	equal "$(readlink "$work/share/back/link")" sub/program
	equal "$(kd exec --stdin g wc -c <"$work/share/large")" 3000000
	fails 7 kd exec g sh -c 'echo out; exit 7'
	equal "$output" out
	kd down --quiet g
	nothing_left
}

test_what_streams_from_a_guest_ends_with_its_reader() {
	launch
	local command
	for command in 'exec g yes' 'exec g sh -c "while :; do echo a; sleep 0.1; done"' 'console --all --follow g'; do
		equal "$(eval "timeout 30 ip netns exec $namespace $PROGRAM $command" 2>"$work/err" | head -c 1 | wc -c; echo "${PIPESTATUS[0]}")" "$(printf '1\n141')"
		equal "$(cat "$work/err")" ''
	done
	# Nothing goes on in the guest, and the next one comes in at once.
	lacks "$(timeout 9 ip netns exec "$namespace" "$PROGRAM" exec g ps)" ' yes'
	kd down --quiet g
	nothing_left
}

test_an_input_comes_whole_where_other_programs_hold_the_lanes() {
	launch
	local pids='' number
	# Each holds two of the four lanes, and goes on when its kdevlua is killed.
	for number in 1 2; do
		(exec ip netns exec "$namespace" "$PROGRAM" exec g sh -c 'echo up; exec sleep 300' >"$work/held.$number" 2>&1) &
		pids=$!
		eventually grep -q up "$work/held.$number"
		kill -9 $pids
		wait $pids || true
	done
	head -c 300000 /dev/urandom >"$work/whole"
	equal "$(kd exec --stdin g sha256sum <"$work/whole" | cut -d ' ' -f 1)" "$(sha256sum <"$work/whole" | cut -d ' ' -f 1)"
	equal "$(kd exec g echo out)" out
	kd down --quiet --now g
	nothing_left
}

test_a_console_is_read_by_many_and_waited_for() {
	command -v tmux >/dev/null || skip 'tmux is not installed'
	launch
	in_guest <<-'lua'
		local one <const>, two <const> = m:console(), m:console()
		assert(m:console { from = "start" }:expect("guest ready", { plain = true }))
		one:write "echo value-$((40 + 2))\n"
		local whole, number, before = one:expect "value%-(%d+)"
		assert(whole == "value-42" and number == "42" and before:find "echo", before)
		two:expect "value%-42"
		local ok, err = pcall(two.expect, two, "never said", { timeout = "300ms" })
		assert(not ok and err.kind == "timeout" and tostring(err):find "did not say never said", tostring(err))
		one:write "echo last\n"
		for line in one:lines() do if line == "last" then break end end
		-- Each line has its own time, however late it is read.
		m:exec { "sh", "-c", "(echo; echo first; sleep 2; echo second) >/dev/console" }
		local stamped <const> = m:console { from = "start", timestamps = true }
		local pattern <const> = "%[%d+%-%d%d%-%d%d %d%d:%d%d:(%d%d%.%d%d%d)%] "
		local _, first <const> = stamped:expect(pattern .. "first\r?\n")
		local _, second <const> = stamped:expect(pattern .. "second\r?\n")
		local between <const> = (tonumber(second) - tonumber(first)) % 60
		assert(between >= 1.9 and between < 10, between)
	lua
	terminal one 'console g'
	terminal two 'console g'
	shows one 'Ctrl-] detaches'
	shows two 'Ctrl-] detaches'
	# shellcheck disable=SC2016
	keys one 'echo seen-$((1 + 1))' Enter
	shows one seen-2
	shows two seen-2
	# shellcheck disable=SC2016
	keys two 'echo other-$((2 + 2))' Enter
	shows one other-4
	keys one C-]
	shows one 'detached from the console of g'
	shows two other-4
	terminal shell 'shell g'
	keys shell 'tty; stty size; sleep 1000' Enter
	shows shell '/dev/pts/'
	shows shell '30 100'
	keys shell C-c
	keys shell "stty size | tr ' ' x" Enter
	shows shell '30x100'
	at shell resize-window -x 80 -y 20
	sleep 0.5
	keys shell "stty size | tr ' ' x" Enter
	shows shell '20x80'
	keys shell exit Enter
	shows shell 'detached from a shell in g'
	fails 1 kd shell g
	contains "$output" 'no terminal'
	kd down --quiet g
	shows two 'detached from the console of g'
	sleep 0.3
	for name in one two; do equal "$(cat "$work/after.$name")" "$(cat "$work/before.$name")"; done
	equal "$(grep -c ' -echo ' "$work/after.shell" || true)" 0
	for name in one two shell; do at "$name" kill-server; done
	nothing_left
}

# start_sshd NAME: the default guest has no sshd, so the host's goes there, with its libraries.
start_sshd() {
	[ -x /usr/sbin/sshd ] || skip 'openssh-server is not installed'
	cat >"$work/sshd.lua" <<-'lua'
		local kdev <const> = require "kdev"
		local m <const> = kdev.vm.get(arg[1])
		local libraries <const> = {}
		for path in kdev.proc.run({ "ldd", "/usr/sbin/sshd" }).stdout:gmatch "(/%S+)" do libraries[#libraries + 1] = path end
		m:push("/usr/sbin/sshd", "/usr/sbin/sshd")
		for _, path in ipairs(libraries) do m:push(path, path) end
		m:exec { "sh", "-c", [[
		  mkdir -p /run/sshd /etc/ssh
		  echo 'sshd:x:74:74::/run/sshd:/bin/false' >>/etc/passwd
		  echo 'PermitRootLogin prohibit-password' >/etc/ssh/sshd_config
		  sed -i 's/^root::/root:*:/' /etc/passwd
		]] }
		kdev.proc.run { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", arg[1] .. ".hostkey" }
		m:push(arg[1] .. ".hostkey", "/etc/ssh/ssh_host_ed25519_key")
		m:exec { "/usr/sbin/sshd" }
		-- It goes into the background before it listens.
		m:exec { "sh", "-c", "until grep -q ':0016 ' /proc/net/tcp; do sleep 0.1; done" }
	lua
	kd run --quiet "$work/sshd.lua" "$1"
}

test_ssh_reaches_a_guest_and_is_ended_when_the_guest_hangs() {
	launch 'net = kdev.net.user()'
	start_sshd g
	# Nobody has used the machine's key before.
	equal "$(inside ssh -F "$(kd ssh --config)" kd-g uname -n)" g
	in_guest <<-'lua'
		local r <const> = m:ssh { "sh", "-c", "cat; echo \"$1\" >&2; exit 4", "x", "a 'b' $c", stdin = "in", check = false }
		assert(r.status == 4 and r.stdout == "in" and r.stderr == "a 'b' $c\n", r.stdout .. r.stderr)
	lua
	equal "$(kd ssh g uname -n)" g
	equal "$(stat -c %a "$KDEVLUA_STATE/machines/g/ssh_key")" 600
	# A guest that stands still.
	kill -STOP "$(machines)"
	fails 255 timeout 60 ip netns exec "$namespace" ssh -F "$KDEVLUA_STATE/ssh_config" kd-g true
	kill -CONT "$(machines)"
	kd down --quiet g
	launch
	fails 1 kd ssh g true
	contains "$output" 'no address of the guest'
	lacks "$(cat "$KDEVLUA_STATE/ssh_config")" kd-g
	kd down --quiet g
	# A machine that comes after the file is in it, too, as long as it runs.
	launch 'net = kdev.net.user()'
	rm "$work/share/g.hostkey"*
	start_sshd g
	equal "$(inside ssh -F "$KDEVLUA_STATE/ssh_config" kd-g uname -n)" g
	kd down --quiet g
	equal "$(cat "$KDEVLUA_STATE/ssh_config")" ''
	rm -f "$KDEVLUA_STATE/ssh_config"
	nothing_left
}

test_ssh_reaches_guests_that_ask_by_dhcp_in_a_bridge_and_in_a_namespace() {
	# What `ip netns exec` runs has mounts of its own, so that a namespace made by it would be nowhere else.
	kd() { (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" "$@"); }
	cat >"$work/share/two.lua" <<-'lua'
		local kdev <const> = require "kdev"
		local setup <close> = kdev.transaction.begin { name = "two" } -- luacheck: ignore setup
		local kernel <const> = kdev.kernel.find()
		local initramfs <const> = kdev.kernel.initramfs(kernel)
		local function start(name, space)
		  local bridge <const> = kdev.net.bridge { name = name .. "br", dhcp = true, namespace = space }
		  kdev.vm.launch {
		    name = name, kernel = kernel, initramfs = initramfs, memory = "384M", address = "dhcp",
		    net = kdev.net.tap { name = "tap-" .. name, bridge = bridge },
		  }
		end
		local space <const> = kdev.net.namespace(arg[1])
		kdev.task.all { function() start "here" end, function() start("there", space) end }
	lua
	kd run --quiet two.lua "$namespace-in"
	for name in here there; do
		start_sshd "$name"
		eventually [ -n "$(kd exec "$name" ip -4 route)" ]
		equal "$(inside ssh -F "$(kd ssh --config)" "kd-$name" uname -n)" "$name"
		equal "$(kd ssh "$name" uname -n)" "$name"
	done
	[ -z "$(inside ip -br link show type bridge | grep there)" ] || fail 'the second bridge is outside'
	rm -f "$KDEVLUA_STATE/ssh_config"
	kd down --now 2>/dev/null
	[ ! -e "/run/netns/$namespace-in" ] || fail 'the namespace is there still'
	nothing_left
}
