# Another machine: sshd on loopback, whose sessions have a home, state and cache of their own, so that it is a box of its own for
# whatever kdevlua writes down.
# shellcheck shell=bash

# box [PATH]: starts it. PATH: where its sessions find programs; by default kdevlua is among them.
box() {
	[ -x /usr/sbin/sshd ] || skip 'openssh-server is not installed'
	local home=$work/box
	mkdir -p /run/sshd "$home/bin" "$home/cache" "$work/own"
	ln -s "$PROGRAM" "$home/bin/kdevlua"
	local part
	for part in kernels initramfs vmlinux; do
		mkdir -p "$KDEVLUA_CACHE/$part"
		ln -s "$KDEVLUA_CACHE/$part" "$home/cache/$part"
	done
	ssh-keygen -q -t ed25519 -N '' -f "$work/own/key"
	ssh-keygen -q -t ed25519 -N '' -f "$work/own/host"
	cat >"$work/own/sshd_config" <<-config
		ListenAddress 127.0.0.1:2222
		HostKey $work/own/host
		PidFile $work/own/sshd.pid
		AuthorizedKeysFile $work/own/key.pub
		StrictModes no
		PermitRootLogin prohibit-password
		KbdInteractiveAuthentication no
		PasswordAuthentication no
		Subsystem sftp internal-sftp
		SetEnv HOME=$home KDEVLUA_STATE=$home/state KDEVLUA_CACHE=$home/cache PATH=${1:-$home/bin:$PATH}
	config
	cat >"$work/own/config" <<-config
		Host box
		HostName 127.0.0.1
		Port 2222
		User root
		IdentityFile $work/own/key
		UserKnownHostsFile $work/own/known
	config
	echo "[127.0.0.1]:2222 $(cut -d' ' -f1,2 "$work/own/host.pub")" >"$work/own/known"
	inside "${sshd[@]:-/usr/sbin/sshd}" -f "$work/own/sshd_config"
	eventually test -s "$work/own/sshd.pid"
}

# on_box [FIELD]: the script on standard input, with box, and a kernel and initramfs there. FIELD is Lua for kdev.host.
on_box() {
	{
		echo 'local kdev <const> = require "kdev"'
		echo "local box <close> = kdev.host { address = \"box\", config = \"$work/own/config\", $* }"
		cat
	} >"$work/box.lua"
	kd run --quiet "$work/box.lua"
}

# at_box COMMAND ...: kdevlua, as somebody at the box would run it.
at_box() { KDEVLUA_STATE=$work/box/state kd "$@"; }
nothing_left_at_box() {
	# No session is left, and so no kdevlua: only the listener.
	eventually sh -c "[ \"\$(ip netns pids $namespace)\" = \"\$(cat $work/own/sshd.pid)\" ]"
	(KDEVLUA_STATE=$work/box/state nothing_left)
	nothing_left
}

launch_there='
	local kernel <const> = box.kernel.find()
	local vm = box.vm.launch { name = "far", kernel = kernel, initramfs = box.kernel.initramfs(kernel), memory = "384M" }
'

test_a_machine_is_launched_used_and_taken_down_on_another_host() {
	box
	on_box <<-lua
		assert(box.address == "box" and box.program:find "kdevlua", box.program)
		assert(box.host.facts().cores > 0)
		-- Objects stay there, and go back as what they are; data is copied.
		local disk <const> = box.disk.create { path = "far.qcow2", size = "64M" }
		assert(disk.path == "$work/box/state/disks/far.qcow2", disk.path)
		assert(tostring(disk):find "far.qcow2" and tostring(disk):find " on box", tostring(disk))
		$launch_there
		assert(vm.name == "far" and vm.pid > 0)
		-- Any bytes, both outputs, the status.
		local all = {}
		for byte = 0, 255 do all[#all + 1] = string.char(byte) end
		local bytes <const> = table.concat(all):rep(400)
		assert(vm:exec({ "cat", stdin = bytes }).stdout == bytes)
		local r <const> = vm:exec { "sh", "-c", "echo out; echo err >&2; exit 3", check = false }
		assert(r.status == 3 and r.stdout == "out\n" and r.stderr == "err\n")
		-- Output that comes while the command runs, to a function here; what the function raises ends the command.
		local lines <const> = {}
		vm:exec { "sh", "-c", "for i in 1 2 3; do echo line \$i; done", stdout = function(line) lines[#lines + 1] = line end }
		assert(table.concat(lines, ",") == "line 1,line 2,line 3", table.concat(lines, ","))
		local ok, err = pcall(vm.exec, vm, { "yes", stdout = function() error("enough", 0) end })
		assert(not ok and err.message:find "enough", err)
		-- Errors are those of the box, and say where.
		ok, err = pcall(function() vm:exec { "false" } end)
		assert(not ok and err.kind == "command" and err.status == 1 and err.command[1] == "false" and err.host == "box")
		assert(err.location:find "box.lua:" and tostring(err):find "on box: ", tostring(err))
		ok, err = pcall(box.vm.launch, { name = "b", memry = "1G" })
		assert(not ok and err.kind == "argument" and err.message:find "did you mean 'memory'", err)
		ok, err = pcall(box.vm.get, "nobody")
		assert(not ok and err.kind == "invalid" and err.hint:find "kdevlua ps", err)
		ok, err = pcall(function() return vm.nme end)
		assert(not ok and err.kind == "field" and err.message:find "did you mean 'name'", err)
		-- What belongs to one machine is of no use on another.
		local here <const> = kdev.disk.create { path = "here.qcow2", size = "64M" }
		ok, err = pcall(vm.plug_disk, vm, here)
		assert(not ok and err.kind == "argument" and err.message:find "of this machine cannot be used on box", err)
		ok, err = pcall(kdev.disk.overlay, { path = "o.qcow2", backing = disk })
		assert(not ok and err.kind == "argument", err)
		-- A cancellation ends what runs there.
		ok, err = pcall(kdev.task.timeout, 0.5, function() vm:exec { "sleep", "1000" } end)
		assert(not ok and err.kind == "timeout", err)
		assert(vm:exec({ "sh", "-c", "ps | grep -c '[s]leep 1000'", check = false }).stdout == "0\n")
		-- Files and folders go there and back.
		kdev.fs.mkdir "tree/a"
		kdev.fs.write("tree/a/file", bytes)
		box:push("tree", "there")
		assert(box.fs.read "there/a/file" == bytes)
		box:pull("there", "$work/share/back")
		assert(kdev.fs.read "back/a/file" == bytes)
		ok, err = pcall(box.pull, box, "nonesuch", "x")
		assert(not ok and err.kind == "command" and err.stderr:find "No such file", err)
		-- Several things at once, over one connection.
		local a <const>, b <const> = kdev.task.all {
			function() return vm:exec({ "echo", "a" }).stdout end, function() return vm:exec({ "echo", "b" }).stdout end,
		}
		assert(a == "a\n" and b == "b\n")
	lua
	# It is in that machine's state, and not in this one's.
	contains "$(at_box ps)" 'far '
	lacks "$(kd ps)" 'far'
	equal "$(kd remote --quiet --config "$work/own/config" box exec far uname -n)" far
	fails 3 kd remote --config "$work/own/config" box exec far sh -c 'exit 3'
	# A later script finds it, and <close> stops it.
	on_box <<-'lua'
		do
			local vm <close> = box.vm.get "far"
			assert(vm:exec({ "uname", "-n" }).stdout == "far\n")
		end
		assert(not pcall(box.vm.get, "far"))
	lua
	contains "$(kd remote --config "$work/own/config" box down --disks 2>&1)" far
	kd down --quiet --disks
	nothing_left_at_box
}

test_a_set_up_on_another_host_is_undone_there_when_it_fails() {
	box
	fails 1 on_box <<-'lua'
		local setup <close> = box.transaction.begin { name = "half" }
		local bridge <const> = box.net.bridge { name = "kdfar0" }
		box.disk.create { path = "half.qcow2", size = "64M" }
		assert(box.disk.info("half.qcow2").size == 64 << 20)
		error "on purpose"
	lua
	contains "$output" 'on purpose'
	[ ! -e "$work/box/state/disks/half.qcow2" ] || fail 'the disk is still there'
	nothing_left_at_box
	on_box <<-'lua'
		do
			local setup <close> = box.transaction.begin { name = "whole" }
			box.disk.create { path = "whole.qcow2", size = "64M" }
		end
	lua
	contains "$(at_box ps)" 'whole.qcow2'
	at_box down --quiet --disks
	nothing_left_at_box
}

test_a_lost_connection_leaves_a_machine_that_the_other_host_knows() {
	box
	fails 1 on_box <<-lua
		$launch_there
		local setup <close> = box.transaction.begin { name = "open" }
		box.disk.create { path = "open.qcow2", size = "64M" }
		kdev.task.spawn(function()
			kdev.task.sleep(0.3)
			-- The session's sshd: the one that is not the listener.
			kdev.proc.run { "sh", "-c", "for p in \$(pgrep -P \$(cat $work/own/sshd.pid)); do kill -9 \$p; done" }
		end)
		local ok, err = pcall(vm.exec, vm, { "sleep", "1000" })
		assert(not ok and err.kind == "connection" and err.hint:find "kdevlua remote box ps", err)
		ok, err = pcall(box.vm.get, "far")
		assert(not ok and err.kind == "connection", err)
		error(err, 0)
	lua
	contains "$output" 'the connection to box has ended'
	# What was open is undone there, what was made stays, and the command is not running any more.
	eventually test ! -e "$work/box/state/disks/open.qcow2"
	contains "$(at_box ps)" 'far '
	lacks "$(at_box ps)" 'open'
	on_box <<-'lua'
		assert(box.vm.get("far"):exec({ "sh", "-c", "ps | grep -c '[s]leep 1000'", check = false }).stdout == "0\n")
	lua
	kd remote --config "$work/own/config" box down --quiet
	nothing_left_at_box
}

test_ctrl_c_ends_what_runs_on_another_host() {
	box
	cat >"$work/wait.lua" <<-lua
		local kdev <const> = require "kdev"
		local box <close> = kdev.host { address = "box", config = "$work/own/config" }
		box.proc.run { "sh", "-c", "echo \$\$ >$work/box/pid; sleep 1000" }
	lua
	set -m
	(exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/wait.lua" 2>"$work/errors") &
	local program=$! status=0
	eventually test -s "$work/box/pid"
	kill -INT $program
	wait $program || status=$?
	set +m
	equal $status 130
	contains "$(cat "$work/errors")" interrupted
	[ ! -e "/proc/$(cat "$work/box/pid")" ] || fail 'it still runs'
	nothing_left_at_box
}

test_a_host_without_kdevlua_gets_a_copy_and_keeps_it() {
	box /usr/sbin:/usr/bin:/sbin:/bin
	command -v kdevlua >/dev/null && skip 'a kdevlua is installed here'
	export KDEVLUA_CACHE=$work/cache
	output=$(kd eval --dry-run "kdev.host { address = 'box', config = '$work/own/config' }" 2>&1) && fail "no error: $output"
	contains "$output" 'a dry run copies none'
	output=$(kd eval "local box <close> = kdev.host { address = 'box', config = '$work/own/config', folder = '/etc' }
		print(box.program, box.fs.absolute 'passwd', box.proc.run({ 'pwd' }).stdout)" 2>&1)
	contains "$output" 'copy kdevlua to box'
	contains "$output" "$work/box/cache/programs/"
	contains "$output" /etc/passwd
	# It has all that it needs beside it but the C library.
	contains "$(ldd "$work/box/cache/programs/"*/kdevlua)" "liblua5.4.so.0 => $work/box/cache/programs/"
	output=$(kd remote --config "$work/own/config" box ps 2>&1)
	contains "$output" NAME
	lacks "$output" 'copy kdevlua'
	fails 1 kd remote --config "$work/own/config" --program /bin/true box ps
	contains "$output" '/bin/true'
	contains "$output" 'no kdevlua that speaks protocol'
	nothing_left_at_box
}

test_a_host_with_qemu_alone_launches_what_is_brought_to_it() {
	local name sshd
	# What every Debian has, as the copy needs it, and QEMU.
	mkdir -p "$work/few" "$work/own/sbin"
	for name in sh uname head tar gzip mkdir mv rm qemu-system-x86_64 qemu-img; do
		ln -s "$(command -v $name)" "$work/few/$name"
	done
	# kdevlua looks for programs in the folders of the system, too.
	cp /usr/sbin/sshd "$work/own/sbin/sshd"
	sshd=(unshare -m sh -c "mount --bind $work/own/sbin /usr/sbin && exec /usr/sbin/sshd \"\$@\"" sh)
	box "$work/few"
	rm "$work/box/bin/kdevlua" "$work/box/cache"/*
	on_box <<-lua
		local kernel <const> = kdev.kernel.find()
		box:push(kernel.path, "vmlinuz")
		box:push(kdev.kernel.initramfs(kernel), "initramfs")
		box.fs.mkdir "$work/box/shared"
		box.fs.write("$work/box/shared/file", "shared")
		local vm <close> = box.vm.launch {
			name = "far", kernel = box.kernel.find { path = "vmlinuz" }, initramfs = "initramfs", memory = "384M",
			disks = { box.disk.create { path = "far.qcow2", size = "64M" } }, net = box.net.user(),
			share = { hostshare = "$work/box/shared" },
		}
		assert(vm:exec({ "uname", "-n" }).stdout == "far\n")
		vm:mount("hostshare", "/mnt/host")
		assert(vm:exec({ "cat", "/mnt/host/file" }).stdout == "shared")
		assert(vm:exec({ "sh", "-c", "ls /sys/block | grep -c vda" }).stdout == "1\n")
	lua
	lacks "$(kd remote --config "$work/own/config" box ps)" running
	kd remote --config "$work/own/config" box down --disks --quiet 2>/dev/null
	nothing_left_at_box
}

test_what_keeps_ssh_from_another_host_is_said() {
	box
	fails 1 on_box 'port = 2223' <<<''
	contains "$output" 'box cannot be reached by ssh'
	contains "$output" 'Connection refused'
	fails 1 on_box 'options = { UserKnownHostsFile = "/dev/null", StrictHostKeyChecking = "yes" }' <<<''
	contains "$output" 'the host key of box is not known'
	fails 1 on_box 'options = { PubkeyAuthentication = "no" }' <<<''
	contains "$output" 'does not let this user in'
	fails 1 on_box 'folder = "/nonesuch"' <<<''
	contains "$output" 'there is no folder /nonesuch on box'
	fails 1 kd eval "kdev.host '-oProxyCommand=true'"
	contains "$output" 'is no machine that ssh could reach'
	fails 1 kd eval 'kdev.host { adress = "box" }'
	contains "$output" "did you mean 'address'"
	nothing_left_at_box
}
