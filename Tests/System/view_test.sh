# A machine's screen in a browser, and displays of other hosts.
# shellcheck shell=bash

# launch NAME: a machine that was launched by another kdevlua, which has ended. Its display is not to be had without a password.
launch() {
  cat >"$work/launch.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	kdev.vm.launch {
	  name = arg[1], kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M",
	  vnc = { socket = true, password = "secret" },
	}
	lua
  kd run --quiet "$work/launch.lua" "$1"
}

# ask ADDRESS [OPTION ...]: the status of an answer.
ask() { inside curl -s -o "$work/answer" -w '%{http_code}' --path-as-is "${@:2}" "$1"; }

# show OPTION ...: kdevlua view, whose process is then $view, and its address $address. A shell has what runs beside it ignore Ctrl-C.
show() {
  : >"$work/page"
  (cd "$work/share" && exec ip netns exec "$namespace" env --default-signal=INT "$PROGRAM" view "$@") \
    >"$work/page" 2>"$work/said" &
  view=$!
  eventually grep -q '^http' "$work/page"
  address=$(cat "$work/page") port=$(sed 's/.*:\([0-9]*\)\/.*/\1/' "$work/page")
}
# Ctrl-C.
interrupt() {
  local status=0
  kill -INT "$view"
  wait "$view" || status=$?
  equal $status 130
}

test_a_browser_shows_a_machines_screen_once_for_each_address() {
  local address port view path
  command -v chromium >/dev/null || skip 'there is no chromium'
  launch seen
  # A desktop whose browser is Chromium. It gets a file, as command lines are everybody's to read.
  mkdir "$work/bin"
  cat >"$work/bin/xdg-open" <<-sh
	#!/bin/sh
	stat -c %a "\$1" >$work/mode
	echo "\$*" >$work/opened
	echo touch seen | python3 $(realpath "$(dirname "${BASH_SOURCE[0]}")")/browser.py "file://\$1" $work/shown.ppm >$work/title 2>&1
	touch $work/done
	sh
  chmod +x "$work/bin/xdg-open"
  PATH=$work/bin:$PATH DISPLAY=:0 show seen
  # Nothing without the token, with a wrong one, or under another name.
  equal "$(ask "http://127.0.0.1:$port/")" 403
  equal "$(ask "http://127.0.0.1:$port/vnc.html")" 403
  equal "$(ask "http://127.0.0.1:$port/?token=00000000000000000000000000000000")" 403
  equal "$(ask "$address" -H 'Host: kernel.example')" 403
  # The browser's canvas has what QEMU says the screen shows, but for the cursor, which blinks.
  for _ in $(seq 1200); do
    [ -e "$work/done" ] && break
    sleep 0.1
  done
  equal "$(cat "$work/title")" 'QEMU (seen) - noVNC'
  kd eval 'kdev.vm.get("seen"):qmp("screendump", { filename = arg[1] })' "$work/screen.ppm"
  python3 - "$work/shown.ppm" "$work/screen.ppm" <<-'python' || fail 'the canvas shows something else'
	import sys
	shown, screen = (open(path, "rb").read().split(b"\n", 3) for path in sys.argv[1:])
	pixels = [[data[i:i + 3] for i in range(0, len(data), 3)] for data in (shown[3], screen[3])]
	assert shown[1] == screen[1] and len(set(pixels[1])) > 1, (shown[1], screen[1])
	different = sum(a != b for a, b in zip(*pixels))
	assert different < 200, f"{different} pixels differ"
	python
  # Its keys have reached the guest.
  contains "$(kd exec seen ls /)" seen
  equal "$(cat "$work/mode")" 600
  lacks "$(cat "$work/opened")" token
  # The address is used up.
  equal "$(ask "$address")" 403
  contains "$(cat "$work/answer")" 'was used already'
  interrupt
  equal "$(ask "$address" || true)" 000
  [ -z "$(find "$KDEVLUA_STATE" -name 'view-*')" ] || fail 'the file for the browser is left'

  # Another one, for a client that keeps the cookie.
  show --no-browser seen
  equal "$(ask "$address" -L -c "$work/cookies")" 200
  contains "$(cat "$work/answer")" noVNC
  local place
  place=http://127.0.0.1:$port/$(awk '/kdevlua-view/ { print $3 }' "$work/cookies" | tr -d /)
  equal "$(ask "$place/app/ui.js" -b "$work/cookies")" 200
  equal "$(ask "$place/app/ui.js")" 403
  for path in /../passwd /app/../../../../etc/passwd /%2e%2e/%2e%2e/etc/passwd //etc/passwd /app/; do
    equal "$(ask "$place$path" -b "$work/cookies")" 403
  done
  # The screen itself is for our own page alone.
  local socket=(-b "$work/cookies" -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'
    -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' --max-time 2)
  equal "$(ask "$place/screen" "${socket[@]}" -H 'Origin: http://kernel.example' || true)" 403
  equal "$(ask "$place/screen" "${socket[@]:2}" -H "Origin: http://127.0.0.1:$port" || true)" 403
  equal "$(ask "$place/screen" "${socket[@]}" -H "Origin: http://127.0.0.1:$port" || true)" 101
  grep -qa 'RFB 003' "$work/answer" || fail 'no screen answers'
  # It ends with the machine.
  kd down --quiet --disks seen
  wait "$view"
  contains "$(cat "$work/said")" 'the machine seen has ended'
  nothing_left
}

test_a_script_shows_a_machines_screen_as_long_as_its_scope_lasts() {
  launch scripted
  mkdir "$work/bin"
  printf '#!/bin/sh\ncp "$1" %s\n' "$work/opened" >"$work/bin/xdg-open"
  chmod +x "$work/bin/xdg-open"
  cat >"$work/view.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local work <const> = arg[1]
	local function ask(url, ...)
	  return kdev.proc.run({ "curl", "-s", "-o", work .. "/answer", "-w", "%{http_code}", url, check = false, ... }).stdout
	end
	local port
	do
	  local vm <const> = kdev.vm.get "scripted"
	  local view <close> = kdev.vnc.view { vm = vm, browser = false }
	  assert(not view.opened and view.url:find("http://127.0.0.1:" .. view.port .. "/?token=", 1, true))
	  assert(ask("http://127.0.0.1:" .. view.port .. "/") == "403")
	  assert(ask(view.url, "-L", "-c", work .. "/cookies") == "200")
	  assert(kdev.fs.read(work .. "/answer"):find "noVNC")
	  -- Good for one browser.
	  assert(ask(view.url) == "403")
	  port = view.port
	end
	assert(ask("http://127.0.0.1:" .. port .. "/") == "000", "the page outlives its scope")
	do
	  local view <close> = kdev.vnc.view { vm = "scripted", port = port }
	  assert(view.opened and view.port == port)
	  local ok <const>, err <const> = pcall(kdev.vnc.view, { vm = "scripted", port = port, browser = false })
	  assert(not ok and err.kind == "busy", err)
	  -- The file for the browser goes with the page.
	  while not kdev.fs.exists(work .. "/opened") do kdev.task.sleep(0.05) end
	end
	local waiting <close> = kdev.vnc.view { vm = "scripted", browser = false }
	kdev.vm.get("scripted"):stop()
	waiting:wait()
	local ok <const>, err <const> = pcall(kdev.vnc.view, { vm = "scripted" })
	assert(not ok and err.kind == "invalid" and err.message:find "no machine scripted is running", err)
	local both <const>, wrong <const> = pcall(kdev.vnc.view, { vm = "a", display = 1 })
	assert(not both and tostring(wrong):find "either vm or display is needed", wrong)
	lua
  PATH=$work/bin:$PATH DISPLAY=:0 kd run --quiet "$work/view.lua" "$work"
  grep -q 'url=http://127.0.0.1:.*token=' "$work/opened" || fail "the browser got $(cat "$work/opened")"
  [ -z "$(find "$KDEVLUA_STATE" -name 'view-*')" ] || fail 'the file for the browser is left'
  kd down --quiet --disks
  nothing_left
}

test_a_view_of_what_cannot_be_shown_says_why() {
  fails 1 kd view nobody
  contains "$output" 'no machine nobody is running'
  fails 2 kd view --port 70000 nobody
}

# Another host, in a namespace of its own: an sshd, and a QEMU whose display 5 is on its loopback. Whoever has the key in $work/key
# may come in by root@10.9.7.1.
far() {
  [ -x /usr/sbin/sshd ] || skip 'openssh-server is not installed'
  ip netns add "$namespace-far"
  trap 'code=$?; set +e; end_far; (exit $code); end' EXIT
  ip -n "$namespace-far" link set lo up
  ip link add near0 netns "$namespace" type veth peer name far0 netns "$namespace-far"
  ip -n "$namespace" addr add 10.9.7.2/24 dev near0
  ip -n "$namespace-far" addr add 10.9.7.1/24 dev far0
  ip -n "$namespace" link set near0 up
  ip -n "$namespace-far" link set far0 up
  ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  ssh-keygen -q -t ed25519 -N '' -f "$work/other_key"
  echo "10.9.7.1 $(cut -d ' ' -f 1,2 "$work/host_key.pub")" >"$work/known_hosts"
  cat >"$work/sshd_config" <<-conf
	HostKey $work/host_key
	AuthorizedKeysFile $work/key.pub
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	PidFile none
	conf
  mkdir -p /run/sshd
  ip netns exec "$namespace-far" /usr/sbin/sshd -D -f "$work/sshd_config" -E "$work/sshd.log" &
  ip netns exec "$namespace-far" qemu-system-x86_64 -S -m 16 -vnc 127.0.0.1:5 -daemonize
}
end_far() {
  local pid
  for pid in $(ip netns pids "$namespace-far" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  ip netns del "$namespace-far" 2>/dev/null
}

test_a_tunnel_leads_to_a_display_of_another_host_and_ends_with_its_scope() {
  local address port view place
  far
  cat >"$work/tunnel.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local work <const> = arg[1]
	local function open(changes)
	  local options <const> = {
	    host = "root@10.9.7.1", display = 5, identity = work .. "/key",
	    options = { UserKnownHostsFile = work .. "/known_hosts" },
	  }
	  for key, value in pairs(changes) do options[key] = value end
	  return kdev.vnc.tunnel(options)
	end
	local function greeting(port)
	  return kdev.proc.run({ "timeout", "2", "busybox", "nc", "127.0.0.1", tostring(port), check = false }).stdout
	end
	local port
	do
	  local tunnel <close> = open {}
	  assert(tunnel.display == 5 and tunnel.port == 5905 and tunnel.host == "root@10.9.7.1")
	  assert(greeting(5905):find "^RFB 003", greeting(5905))
	  -- The same one is taken here by now.
	  local second <close> = open {}
	  assert(second.display ~= 5)
	  assert(greeting(second.port):find "^RFB 003")
	  port = second.port
	end
	assert(greeting(5905) == "" and greeting(port) == "", "the tunnels outlive their scope")
	-- Two at once take two.
	do
	  local first <const>, other <const> = kdev.task.all { function() return open {} end, function() return open {} end }
	  local one <close> = first
	  local two <close> = other
	  assert(one.port ~= two.port)
	  assert(greeting(one.port):find "^RFB 003" and greeting(two.port):find "^RFB 003")
	end
	-- One that does not come up keeps no display.
	assert(not pcall(open, { identity = work .. "/other_key" }))
	do
	  local tunnel <close> = open {}
	  assert(tunnel.display == 5)
	end
	local function refuses(changes, code, words)
	  local ok <const>, err <const> = pcall(open, changes)
	  assert(not ok and err.kind == code and err.message:find(words, 1, true), tostring(err))
	end
	refuses({ display = 6 }, "missing", "no VNC server answers on display 6 (port 5906) of root@10.9.7.1")
	refuses({ identity = work .. "/other_key" }, "permission", "does not let this user in")
	local unknown <const> = { UserKnownHostsFile = work .. "/none" }
	refuses({ options = unknown }, "connection", "the host key of root@10.9.7.1 is not known")
	refuses({ port = 23 }, "connection", "root@10.9.7.1 cannot be reached by ssh")
	refuses({ host = "-oProxyCommand=true" }, "invalid", "is no machine that ssh could reach")
	local holder <close> = open { local_display = 7 }
	refuses({ local_display = holder.display }, "busy", "display 7 (port 5907) is taken here")
	-- And as a page.
	local page <close> = kdev.vnc.view { display = holder.display, browser = false }
	local words <const> = { "curl", "-s", "-L", "-c", work .. "/cookies", page.url }
	assert(kdev.proc.run(words).stdout:find "noVNC")
	lua
  kd run --quiet "$work/tunnel.lua" "$work"
  lacks "$(ip netns pids "$namespace" | xargs -r ps -o comm= -p)" ssh
  # And as a page.
  printf 'UserKnownHostsFile %s\n' "$work/known_hosts" >"$work/ssh_config"
  show --no-browser --host root@10.9.7.1 --display 5 --identity "$work/key" --config "$work/ssh_config"
  equal "$(ask "$address" -L -c "$work/cookies")" 200
  place=${address%/*}/$(awk '/kdevlua-view/ { print $3 }' "$work/cookies" | tr -d /)
  equal "$(ask "$place/screen" -b "$work/cookies" -H 'Connection: Upgrade' -H 'Upgrade: websocket' --max-time 2 \
    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' -H "Origin: ${address%/*}" || true)" 101
  grep -qa 'RFB 003' "$work/answer" || fail 'no screen answers'
  # No other user of this host gets there: of what listens there is the page alone, which asks for the token.
  equal "$(inside ss -Hltn | wc -l)" 1
  equal "$(find "$KDEVLUA_STATE" -name 'view-*.sock' -printf '%m ')" '600 '
  interrupt
  [ -z "$(find "$KDEVLUA_STATE" -name 'view-*')" ] || fail 'the socket is left'
  # What a kill leaves, gc removes.
  show --no-browser --host root@10.9.7.1 --display 5 --identity "$work/key" --config "$work/ssh_config"
  kill -9 "$view"
  wait "$view" 2>/dev/null || true
  ip netns pids "$namespace" | xargs -r kill -9
  kd gc 2>/dev/null
  [ -z "$(find "$KDEVLUA_STATE" -name 'view-*')" ] || fail 'gc left the socket'
  ip -n "$namespace" link del near0
  nothing_left
}
