# The rows of scripts/bench vm; sourced by it. Times are of the whole program, from its start to the first command's answer.
# shellcheck shell=bash disable=SC2154

# The scripts: each writes the file that its first argument names when its first command has answered.
vm_scripts() {
  cat >"$work/vm.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local options <const> = {
	  name = arg[2] == "template" and "bench" or "boot", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel),
	  net = kdev.net.user(), share = { hostshare = "." }, profile = arg[3],
	}
	local vm <close> = arg[2] == "template" and kdev.vm.template(options):clone { name = "clone", net = options.net }
	  or kdev.vm.launch(options)
	assert(vm:exec({ "uname", "-r" }).stdout == kernel.release .. "\n")
	kdev.fs.write(arg[1], vm.pid .. "\n")
	if arg[4] then
	  local line <const> = io.open("/proc/" .. vm.pid .. "/cmdline")
	  kdev.fs.write(arg[4], line:read "a")
	  line:close()
	end
	lua
  # Twenty clones, two at a time as on as many processors, and then all of them idle at once.
  cat >"$work/twenty.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local template <const> = kdev.vm.template {
	  name = "bench", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), net = kdev.net.user(),
	  share = { hostshare = "." }, profile = "fast",
	}
	local count <const>, turn <const>, tasks <const> = 20, kdev.task.semaphore(2), {}
	for number = 1, count do
	  tasks[number] = function()
	    local permit <close> = turn:acquire() -- luacheck: ignore permit
	    local vm <const> = template:clone { name = "clone-" .. number }
	    assert(vm:exec({ "hostname" }).stdout == vm.name .. "\n")
	    return vm
	  end
	end
	local function seconds() return tonumber(kdev.fs.read "/proc/uptime":match "%S+") end
	local start <const> = seconds()
	local machines <const> = { kdev.task.all(tasks) }
	local took <const> = seconds() - start
	kdev.task.sleep(2)
	local memory = 0
	for _, vm in ipairs(machines) do
	  memory = memory + tonumber(kdev.fs.read("/proc/" .. vm.pid .. "/smaps_rollup"):match "Pss:%s*(%d+)")
	end
	for _, vm in ipairs(machines) do vm:stop() end
	print(("%d of %d clones ran a command, in %.2f s; %.1f MB of memory (PSS) each while all are idle"):format(
	  #machines, count, took, memory / 1024 / count))
	lua
}

# The round trip of `true` in a guest that runs, by the agent and by ssh, in turn: a line of the two medians, in seconds. The guest
# gets this host's sshd.
vm_round_trip_script() {
  cat >"$work/trip.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local vm <close> = kdev.vm.launch {
	  name = "trip", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), net = kdev.net.user(), profile = "fast",
	}
	for path in ("/usr/sbin/sshd" .. kdev.proc.run({ "ldd", "/usr/sbin/sshd" }).stdout):gmatch "/[^%s(]+" do vm:push(path, path) end
	kdev.proc.run { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", arg[1] }
	vm:push(arg[1], "/etc/ssh/ssh_host_ed25519_key")
	vm:exec { "sh", "-c", [[
	  mkdir -p /run/sshd
	  echo 'sshd:x:74:74::/run/sshd:/bin/false' >>/etc/passwd
	  echo 'PermitRootLogin prohibit-password' >/etc/ssh/sshd_config
	  sed -i 's/^root::/root:*:/' /etc/passwd
	  /usr/sbin/sshd
	]] }
	vm:authorize_ssh()
	local config <const> = kdev.vm.ssh_config()
	local function median(run)
	  local times <const> = {}
	  for _ = 1, 31 do
	    local start <const> = kdev.time.monotonic()
	    run()
	    times[#times + 1] = kdev.time.monotonic() - start
	  end
	  table.sort(times)
	  return times[16]
	end
	local function ssh() kdev.proc.run { "ssh", "-F", config, "kd-trip", "true" } end
	ssh()
	print(("%.6f %.6f"):format(median(function() vm:exec { "true" } end), median(ssh)))
	lua
}

# vm_time WORD...: seconds from the program's start to the first command's answer.
vm_time() {
  local start=$EPOCHREALTIME mark=$work/mark
  rm -f "$mark"
  "$program" run --quiet "$work/vm.lua" "$mark" "$@" >/dev/null
  awk -v a="$start" -v b="$(stat -c %.6Y "$mark")" 'BEGIN { printf "%.6f\n", b - a }'
}

# The leanest line that boots the same kernel as the fast profile does, with an init that prints and powers off.
vm_lean_line() {
  local kernel
  mkdir -p "$work/lean/bin"
  cp "$(command -v busybox)" "$work/lean/bin/busybox"
  printf '#!/bin/busybox sh\n/bin/busybox echo up\n/bin/busybox poweroff -f\n' >"$work/lean/init"
  chmod 755 "$work/lean/init"
  (cd "$work/lean" && find . | cpio -o -H newc -R 0:0 --quiet >"$work/lean.cpio")
  vm_time launch fast "$work/fast.line" >/dev/null
  kernel=$(tr '\0' '\n' <"$work/fast.line" | sed -n '/^-kernel$/{n;p}')
  lean=(qemu-system-x86_64 -M pc -accel tcg -cpu qemu64 -m 1024 -nodefaults -display none -vga none -serial stdio -no-reboot
    -kernel "$kernel" -initrd "$work/lean.cpio" -append "console=ttyS0 panic=-1 reboot=t quiet mitigations=off nokaslr \
random.trust_cpu=on cryptomgr.notests tsc=reliable no_timer_check raid=noautodetect 8250.nr_uarts=1 i8042.noaux i8042.nokbd \
pci=noacpi")
}

# virtme-ng from PyPI, in an environment below the cache; fails, and says why, where it cannot be had. It needs udev on the
# machine, without which the command's output is lost.
virtme_ng() {
  local home=${KDEVLUA_CACHE:-/var/tmp/kdevlua-test-cache}/virtme-ng-1.42
  if [ ! -e "$home/complete" ]; then
    need_packages python3-venv udev
    rm -rf "$home"
    python3 -m venv "$home" >&2
    if ! "$home/bin/pip" install --quiet --retries 1 --timeout 15 setuptools virtme-ng==1.42 >&2; then
      say 'virtme-ng could not be installed from PyPI.'
      return 1
    fi
    touch "$home/complete"
  fi
  printf '%s\n' "$home/bin/vng"
}

bench_vm() {
  local i lean=() vng='' kernel rounds=${KDEVLUA_BENCH_ROUNDS:-5}
  vm_scripts
  vm_lean_line
  vm_time template fast >/dev/null
  kernel=$("$program" eval --quiet 'print(kdev.kernel.find().path)')
  if [ "${KDEVLUA_BENCH_VNG:-1}" = 1 ]; then vng=$(virtme_ng) || vng=; fi
  for ((i = 0; i < rounds; i++)); do
    vm_time launch document >>"$work/vm.plain"
    vm_time launch fast >>"$work/vm.fast"
    vm_time template fast >>"$work/vm.clone"
    seconds timeout 120 "${lean[@]}" >>"$work/vm.lean"
    if [ -n "$vng" ]; then
      # Its parts look for each other in PATH.
      PATH=${vng%/*}:$PATH seconds timeout 300 "$vng" -r "$kernel" --disable-kvm --force-9p --user root -e 'uname -r' >>"$work/vm.vng"
    fi
  done
  local fast plain clone
  fast=$(median <"$work/vm.fast") plain=$(median <"$work/vm.plain") clone=$(median <"$work/vm.clone")
  row 'fast profile / document profile (bzImage)' "$fast" "$plain" 'at most 0.6'
  row 'the same / the leanest line, print, power off' "$fast" "$(median <"$work/vm.lean")" 'at most 1.15'
  [ -z "$vng" ] || row 'the same / virtme-ng 1.42' "$fast" "$(median <"$work/vm.vng")" 'at most 0.3'
  row 'clone of a template / fast profile' "$clone" "$fast" 'at most 0.2, and 0.4 s'
  need_packages openssh-server openssh-client
  vm_round_trip_script
  local own ssh
  read -r own ssh < <("$program" run --quiet "$work/trip.lua" "$work/hostkey")
  row 'true in a running guest / the same by ssh' "$own" "$ssh" 'at most 0.33, and 15 ms'
  "$program" run --quiet "$work/twenty.lua"
  vm_boots "${KDEVLUA_BENCH_BOOTS:-10}"
}

# The part of its own: many boots, one after the other.
bench_boots() {
  vm_scripts
  vm_boots "${KDEVLUA_BENCH_BOOTS:-200}"
}

# vm_boots COUNT: how many boots of the fast profile succeed.
vm_boots() {
  local i good=0
  for ((i = 0; i < $1; i++)); do
    if vm_time launch fast >>"$work/vm.boots"; then good=$((good + 1)); fi
  done
  printf '%s of %s boots succeed; the slowest took %s s\n' "$good" "$1" "$(sort -n "$work/vm.boots" | tail -n 1)"
}
