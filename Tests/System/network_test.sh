# Networks for guests: bridges with DHCP, DNS and a way out, namespaces, user networking.
# shellcheck shell=bash

# A remote side that only this test's namespace reaches, as over a VPN: a resolver that knows names, and a server.
lab() {
  ip netns add "$namespace-lab"
  ip -n "$namespace-lab" link set lo up
  ip link add vpn0 netns "$namespace" type veth peer name lab0 netns "$namespace-lab"
  ip -n "$namespace" addr add 10.9.8.2/24 dev vpn0
  ip -n "$namespace" link set vpn0 up
  ip -n "$namespace-lab" addr add 10.9.8.1/24 dev lab0
  ip -n "$namespace-lab" addr add 10.9.9.1/32 dev lo
  ip -n "$namespace-lab" link set lab0 up
  ip -n "$namespace" route add 10.9.9.1 via 10.9.8.1
  # The lab's servers know no way to the guests' network: who comes must come as the host.
  mkdir -p "/etc/netns/$namespace" "$work/www"
  echo 'nameserver 10.9.8.1' >"/etc/netns/$namespace/resolv.conf"
  echo 'from the lab' >"$work/www/index.html"
  ip netns exec "$namespace-lab" dnsmasq --no-daemon --no-hosts --no-resolv --pid-file= --user=root --interface=lab0 --bind-interfaces \
    --address=/ceph.lab/10.9.9.1 >"$work/lab.log" 2>&1 &
  ip netns exec "$namespace-lab" busybox httpd -f -p 10.9.9.1:80 -h "$work/www" &
  # `end` takes the status that the test ended with.
  trap 'code=$?; set +e; end_lab; (exit $code); end' EXIT
}
end_lab() {
  local pid name
  for name in "$namespace-lab" "$namespace-in"; do
    for pid in $(ip netns pids "$name" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
    ip netns del "$name" 2>/dev/null
    rm -rf "/etc/netns/$name"
  done
  rm -rf "/etc/netns/$namespace"
}

# Two guests in a bridge that is served. One gets its address from the kernel's command line, the other asks by DHCP.
lab_script() {
  cat >"$work/share/lab.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "lab" } -- luacheck: ignore setup
	local kernel <const> = kdev.kernel.find()
	local initramfs <const> = kdev.kernel.initramfs(kernel)
	local space <const> = arg[1] and kdev.net.namespace(arg[1], { interfaces = { arg[2] } }) or nil
	local bridge <const> = kdev.net.bridge { name = "virbr0", dhcp = true, masquerade = true, namespace = space }
	local function start(name, address)
	  local tap <const> = kdev.net.tap { name = "tap-" .. name, bridge = bridge }
	  return kdev.vm.launch {
	    name = name, kernel = kernel, initramfs = initramfs, memory = "512M", net = tap, address = address,
	  }
	end
	local one <const>, two <const> = kdev.task.all {
	  function() return start "one" end,
	  function() return start("two", "dhcp") end,
	}
	print("one " .. one.address)
	print("two " .. two.address)
	lua
}

test_guests_resolve_and_reach_what_the_host_reaches_and_each_other_by_name() {
  local out one two before
  lab
  lab_script
  before=$(inside cat /proc/sys/net/ipv4/ip_forward)
  # Somebody's own rules stay as they are.
  inside nft 'add table ip other'
  out=$(kd run --quiet lab.lua)
  one=$(sed -n 's/^one //p' <<<"$out") two=$(sed -n 's/^two //p' <<<"$out")
  # The lab's name resolves in the guest, and its server answers there.
  equal "$(kd exec one wget -q -O - http://www.ceph.lab/)" 'from the lab'
  # The guest that asks by DHCP got the address that is noted for it, and the name.
  for _ in $(seq 50); do
    [ -n "$(kd exec two ip -4 route)" ] && break
    sleep 0.2
  done
  contains "$(kd exec two ip -4 addr)" "inet $two/"
  equal "$(kd exec two hostname)" two
  equal "$(kd exec two wget -q -O - http://www.ceph.lab/)" 'from the lab'
  contains "$(kd exec two ping -c 1 -w 5 one)" "PING one ($one)"
  contains "$(kd exec one ping -c 1 -w 5 two)" "PING two ($two)"
  contains "$(cat "$KDEVLUA_STATE/networks/virbr0/leases")" " $two two "
  # DHCP and DNS are in the bridge and nowhere else.
  lacks "$(inside ss -Hlun)" '127.0.0.1:53'
  lacks "$(inside ss -Hlun)" '10.9.8.2:53'
  # What a dead dnsmasq leaves is no trouble: the next set-up starts it anew.
  kill -9 "$(inside ss -Hlunp 'sport = :53' | sed 's/.*pid=\([0-9]*\).*/\1/')"
  kd run --quiet lab.lua >/dev/null
  contains "$(kd exec one nslookup two)" "$two"
  kd down --now lab 2>/dev/null
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" "$before"
  equal "$(inside nft list tables)" 'table ip other'
  inside ip link del vpn0
  eventually is_empty "$namespace"
  nothing_left
}

test_a_network_in_a_namespace_has_its_machines_and_gives_back_what_was_moved_into_it() {
  local out one
  # What `ip netns exec` runs has mounts of its own, so that a namespace made by it would be nowhere else.
  kd() { (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" "$@"); }
  lab
  lab_script
  sed -i '/function() return start("two"/d; /two.address/d' "$work/share/lab.lua"
  sed -i 's/one <const>, two <const>/one <const>/' "$work/share/lab.lua"
  # The resolver of the namespace is what its own resolv.conf names (ip-netns(8)).
  mkdir -p "/etc/netns/$namespace-in"
  echo 'nameserver 10.9.8.1' >"/etc/netns/$namespace-in/resolv.conf"
  out=$(kd run --quiet lab.lua "$namespace-in" vpn0)
  one=$(sed -n 's/^one //p' <<<"$out")
  # Nothing of it is outside: no bridge, no way to the lab.
  equal "$(inside ip -br link | grep -v '^lo ' || true)" ''
  equal "$(inside nft list tables)" ''
  contains "$(ip netns exec "$namespace-in" ip -br addr show dev vpn0)" '10.9.8.2/24'
  equal "$(kd exec one wget -q -O - http://www.ceph.lab/)" 'from the lab'
  ip netns exec "$namespace-in" busybox ping -c 1 -w 5 "$one" >/dev/null || fail "no answer from $one"
  kd down --now lab 2>/dev/null
  rm -rf "/etc/netns/$namespace-in"
  [ ! -e "/run/netns/$namespace-in" ] || fail 'the namespace is there still'
  contains "$(inside ip -br addr show dev vpn0)" 'UP             10.9.8.2/24'
  contains "$(inside ip route)" '10.9.9.1 via 10.9.8.1 dev vpn0'
  inside ip link del vpn0
  nothing_left
}

# wireguard NAMESPACE INTERFACE ADDRESS PORT: a WireGuard interface, of the kernel where it can, else of wireguard-go; its key's public
# half is in $work/INTERFACE.pub.
wireguard() {
  ip -n "$1" link add "$2" type wireguard 2>/dev/null || ip netns exec "$1" wireguard-go "$2" 2>/dev/null
  (umask 077 && wg genkey >"$work/$2.key")
  wg pubkey <"$work/$2.key" >"$work/$2.pub"
  ip netns exec "$1" wg set "$2" private-key "$work/$2.key" listen-port "$4"
  ip -n "$1" addr add "$3" dev "$2"
  ip -n "$1" link set "$2" up
}

test_a_wireguard_interface_works_on_in_a_namespace_and_comes_back() {
  command -v wg wireguard-go >/dev/null || skip 'wireguard-tools and wireguard-go are not installed'
  kd() { (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" "$@"); }
  local pid=$$
  lab
  wireguard "$namespace" "wga$pid" 10.6.6.2/24 5555
  wireguard "$namespace-lab" "wgb$pid" 10.6.6.1/24 5556
  inside wg set "wga$pid" peer "$(cat "$work/wgb$pid.pub")" endpoint 10.9.8.1:5556 allowed-ips 10.6.0.0/16
  ip netns exec "$namespace-lab" wg set "wgb$pid" peer "$(cat "$work/wga$pid.pub")" endpoint 10.9.8.2:5555 allowed-ips 10.6.6.2/32
  # A server behind the tunnel, to which a route leads.
  ip -n "$namespace-lab" addr add 10.6.7.1/32 dev lo
  ip -n "$namespace" route add 10.6.7.0/24 dev "wga$pid"
  inside busybox ping -c 1 -w 5 10.6.7.1 >/dev/null || fail 'the tunnel does not work'
  kd eval 'kdev.net.namespace(arg[1], { interfaces = { arg[2] } })' "$namespace-in" "wga$pid"
  ip netns exec "$namespace-in" busybox ping -c 1 -w 5 10.6.7.1 >/dev/null || fail 'no way through the tunnel in the namespace'
  # Its own packets go on by the host's way, and the host has no tunnel any more.
  contains "$(ip netns exec "$namespace-in" wg show "wga$pid" endpoints)" 10.9.8.1:5556
  ! inside busybox ping -c 1 -w 1 10.6.7.1 >/dev/null 2>&1 || fail 'the tunnel is outside, too'
  kd down 2>/dev/null
  inside busybox ping -c 1 -w 5 10.6.7.1 >/dev/null || fail 'the tunnel did not come back'
  inside ip link del "wga$pid"
  inside ip link del vpn0
  nothing_left
}

one_machine() { [ "$(machines | wc -l)" = 1 ]; }

test_user_networking_forwards_ports_and_a_link_joins_two_guests() {
  local ports
  cat >"$work/share/pair.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "pair" } -- luacheck: ignore setup
	local kernel <const> = kdev.kernel.find()
	local initramfs <const> = kdev.kernel.initramfs(kernel)
	local left <const>, right <const> = kdev.net.link "pair"
	local user <const> = kdev.net.user { forward = { ["8080"] = 80, web = 80, ["udp:7007"] = 7 } }
	local function start(name, net, address)
	  return kdev.vm.launch {
	    name = name, kernel = kernel, initramfs = initramfs, memory = "512M", net = net, address = address,
	  }
	end
	kdev.task.all {
	  function() return start("one", { user, left }) end,
	  function() return start("two", right, "10.1.1.2/24") end,
	}
	print(user.ports["8080"], user.ports.web)
	lua
  ports=$(kd run --quiet pair.lua)
  fails 1 kd ssh one true
  contains "$output" 'no ssh server answers in the guest of one, at 127.0.0.1:'
  contains "$output" 'kdevlua shell one'
  kd exec one sh -c 'ip addr add 10.1.1.1/24 dev eth1 && ip link set eth1 up'
  kd exec one ping -c 1 -w 5 10.1.1.2 >/dev/null || fail 'no way over the link'
  kd exec one sh -c 'mkdir -p /www; echo hello >/www/index.html; httpd -h /www'
  for port in $ports; do
    equal "$(inside busybox wget -q -O - "http://127.0.0.1:$port/")" hello
  done
  contains "$(inside ss -Hlun)" '127.0.0.1:7007 '
  # The program that made the link has ended; the guests send by it still.
  contains "$(kd gc 2>&1)" 'nothing is left over'
  kd exec one ping -c 1 -w 5 10.1.1.2 >/dev/null || fail 'gc has cut the link'
  contains "$(kd ps)" 'link pair'
  # One end is enough to keep it, and gc takes it when both have ended.
  kd exec two sh -c 'sleep 0.2; poweroff -f' >/dev/null 2>&1 || true
  eventually one_machine
  kd gc >/dev/null 2>&1
  [ -S "$KDEVLUA_STATE/links/pair.1" ] || fail 'gc has removed the socket of a guest that runs'
  # A port that is taken is named.
  sed 's/"pair"/"more"/; s/"one"/"three"/; s/"two"/"four"/' "$work/share/pair.lua" >"$work/share/more.lua"
  fails 1 kd run --quiet more.lua
  contains "$output" 'tcp:127.0.0.1:8080-:80'
  kd down --now 2>/dev/null
  equal "$(ls "$KDEVLUA_STATE/links")" ''
  nothing_left
}

# A machine whose guest never starts, in a bridge that is served: [NAME [ADDRESS [BRIDGE'S ADDRESS]]].
addressed() {
  cat >"$work/share/addressed.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "named0", address = arg[3] or "192.168.77.1/24", dhcp = true }
	local launch <const> = arg[4] == "line" and kdev.vm.command_line or kdev.vm.launch
	launch {
	  name = arg[1], memory = "64M", net = kdev.net.tap { bridge = bridge }, wait = "none",
	  extra = { arg[4] == "bad" and "-cpu" or "-S", arg[4] == "bad" and "nonesuch" or nil },
	  address = arg[2] ~= "" and arg[2] or nil,
	}
	lua
  kd run --quiet addressed.lua "$@"
}

test_an_end_of_a_link_is_one_machines() {
  cat >"$work/cable.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local left <const>, right <const> = kdev.net.link "cab"
	local ends <const> = { left = left, right = right, both = { left, right }, twice = { left, left } }
	kdev.vm.launch { name = arg[1], memory = "64M", net = ends[arg[2]], wait = "none", extra = { "-S" } }
	lua
  kd run --quiet "$work/cable.lua" one left
  kd run --quiet "$work/cable.lua" two right
  fails 1 kd run --quiet "$work/cable.lua" three left
  contains "$output" 'the machine one is at this end of the link already'
  fails 1 kd run --quiet "$work/cable.lua" three twice
  contains "$output" 'two cards of the machine three are at one end of a link'
  # The same again is taken over.
  kd run --quiet "$work/cable.lua" one left
  kd down --now --disks 2>/dev/null
  kd run --quiet "$work/cable.lua" one both
  kd down --now 2>/dev/null
  nothing_left
}

test_a_port_for_ssh_that_was_asked_for_is_had_or_refused() {
  cat >"$work/ported.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local net <const> = kdev.net.user { ssh_port = math.tointeger(arg[1]), forward = { ["18080"] = 80, web = 80 } }
	kdev.vm.launch { name = "ported", memory = "64M", net = net, wait = "none", extra = { "-S" } }
	assert(net.ports["18080"] == 18080 and net.ports.web ~= 18080, net.ports.web)
	print(net.ssh_port)
	lua
  equal "$(kd run --quiet "$work/ported.lua" 2299)" 2299
  equal "$(kd run --quiet "$work/ported.lua" 2299)" 2299
  equal "$(kd run --quiet "$work/ported.lua")" 2299
  fails 1 kd run --quiet "$work/ported.lua" 2300
  contains "$output" 'the machine ported is running already, with port 2299 for ssh, not 2300'
  kd down --now 2>/dev/null
  nothing_left
}

test_an_address_is_a_guests_from_its_launch_until_it_is_forgotten() {
  local own notes=$KDEVLUA_STATE/networks/named0/names number
  addressed one
  own=$(cat "$notes/one")
  addressed one
  # Another address is another machine, and what DHCP and DNS know stays as it is.
  fails 1 addressed one 192.168.77.50/24,192.168.77.1
  contains "$output" "address is ${own% one}, wanted is 192.168.77.50"
  equal "$(cat "$notes/one")" "$own"
  fails 1 addressed two 192.168.77.1/24
  contains "$output" 'the address 192.168.77.1 is that of the bridge named0 itself'
  fails 1 addressed two "${own% one}/24"
  contains "$output" "the address ${own% one} is that of the machine one"
  # What is not launched has none.
  fails 1 addressed two 192.168.77.51/24 192.168.77.1/24 bad
  addressed three 192.168.77.51/24 192.168.77.1/24 line
  equal "$(ls "$notes")" one
  # Nor what somebody has killed before it was.
  echo '192.168.77.52 ghost' >"$notes/ghost"
  contains "$(kd gc 2>&1)" 'remove address of ghost'
  equal "$(ls "$notes")" one
  kd down --now 2>/dev/null
  # In a network of five guests there is room for four beside a stranger that has asked by DHCP.
  kd eval 'kdev.net.bridge { name = "named0", address = "192.168.77.1/29", dhcp = true }'
  inside ip link add stranger type veth peer name port0
  inside ip link set port0 master named0
  inside ip link set port0 up
  inside ip link set stranger up
  inside busybox udhcpc -i stranger -n -q -f -s /bin/true >/dev/null 2>&1
  grep -q . "$KDEVLUA_STATE/networks/named0/leases" || fail 'the stranger got no address'
  for number in 1 2 3 4; do addressed "m$number" '' 192.168.77.1/29; done
  lacks "$(cat "$notes"/*)" "$(cut -d ' ' -f 3 "$KDEVLUA_STATE/networks/named0/leases") "
  fails 1 addressed m5 '' 192.168.77.1/29
  contains "$output" 'no address is free in named0'
  inside ip link del stranger
  kd down --now 2>/dev/null
  nothing_left
}

test_no_port_is_given_twice_and_each_is_free_for_its_protocol() {
  # With two ports to choose from, one of them is sure to come again.
  inside sh -c 'echo 50000 50001 >/proc/sys/net/ipv4/ip_local_port_range'
  kd eval 'local a <const>, b <const> = kdev.net.user(), kdev.net.user()
    assert(a.ssh_port + b.ssh_port == 100001, a.ssh_port .. " and " .. b.ssh_port)
    local ok <const>, err <const> = pcall(kdev.net.user)
    assert(not ok and err.kind == "busy", err)'
  # Somebody listens there for UDP.
  inside sh -c 'exec python3 -c "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"127.0.0.1\", 50000)); time.sleep(60)"' &
  local pid=$!
  eventually sh -c "ip netns exec $namespace ss -Hlun | grep -q :50000"
  for _ in 1 2 3 4; do
    kd eval 'local n <const> = kdev.net.user { ssh_port = 2200, forward = { ["udp:x"] = 7 } }
      assert(n.ports["udp:x"] == 50001, n.ports["udp:x"])'
  done
  kill $pid
  nothing_left
}

test_large_packets_and_several_queues_are_in_the_tap_and_in_the_guest() {
  local name shown
  cat >"$work/share/large.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "large" } -- luacheck: ignore setup
	local kernel <const> = kdev.kernel.find()
	local bridge <const> = kdev.net.bridge { name = "large0", mtu = 9000 }
	local function start(name, options)
	  options.name, options.bridge = "tap-" .. name, bridge
	  kdev.vm.launch {
	    name = name, kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M", cpus = 2,
	    net = kdev.net.tap(options),
	  }
	end
	kdev.task.all { function() start("wide", { queues = 2 }) end, function() start("small", { mtu = 1400 }) end }
	lua
  kd run --quiet large.lua
  shown=$(inside ip -d -j link show tap-wide)
  contains "$shown" '"mtu":9000'
  contains "$shown" '"multi_queue":true'
  contains "$(inside ip -d -j link show tap-small)" '"mtu":1400'
  contains "$(inside ip -d -j link show tap-small)" '"multi_queue":false'
  # Nobody serves addresses here, so the guests have heard of it from their cards.
  equal "$(kd exec wide cat /sys/class/net/eth0/mtu)" 9000
  equal "$(kd exec small cat /sys/class/net/eth0/mtu)" 1400
  equal "$(kd exec wide sh -c 'ls /sys/class/net/eth0/queues | grep -c rx')" 2
  equal "$(kd exec small sh -c 'ls /sys/class/net/eth0/queues | grep -c rx')" 1
  # What the guest sends comes whole: nothing had to be put together.
  kd exec wide ping -c 1 -w 5 -s 8000 "$(inside ip -4 -br addr show large0 | awk '{ sub("/.*", "", $3); print $3 }')" >/dev/null
  equal "$(inside cat /proc/net/snmp | awk '/^Ip: [0-9]/ { print $15 }')" 0
  kd down --now 2>/dev/null
  nothing_left
}

no_machines() { [ -z "$(machines)" ]; }

test_passt_gives_a_guest_the_hosts_network_and_ends_with_the_machine() {
  local port
  command -v passt >/dev/null || skip 'passt is not installed'
  cat >"$work/share/passt.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	local kernel <const> = kdev.kernel.find()
	local net <const> = kdev.net.passt { forward = { web = 80, [arg[2] or "udp:7007"] = 7 } }
	local vm <const> = kdev.vm.launch {
	  name = arg[1], kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M", net = net,
	}
	assert(vm.address == "127.0.0.1:" .. net.ssh_port)
	print(net.ports.web)
	lua
  # Without a way out there is nothing that it could give to the guest.
  fails 1 kd run --quiet passt.lua through
  contains "$output" 'no interface of this host with a way out'
  lab
  ip -n "$namespace" route add default via 10.9.8.1
  port=$(kd run --quiet passt.lua through)
  for _ in $(seq 50); do
    kd exec through test -s /etc/resolv.conf && break
    sleep 0.2
  done
  # The guest has the host's address, and its names resolve.
  contains "$(kd exec through ip -4 addr)" 'inet 10.9.8.2/24'
  equal "$(kd exec through wget -q -O - http://www.ceph.lab/)" 'from the lab'
  kd exec through sh -c 'mkdir -p /www; echo hello >/www/index.html; httpd -h /www'
  equal "$(inside busybox wget -q -O - "http://127.0.0.1:$port/")" hello
  # A port that is taken: an error, and nothing that runs.
  fails 1 kd run --quiet passt.lua second "$port"
  contains "$output" 'a port that is to lead to the machine second is taken'
  # One that has ended is told.
  pkill -f "passt.* --socket $KDEVLUA_STATE/machines/through/"
  contains "$(kd doctor 2>/dev/null || true)" 'the passt of the machine through has ended'
  fails 1 kd run --quiet passt.lua through
  contains "$output" 'the machine through is running already, and its passt has ended meanwhile'
  kd down --now through 2>/dev/null
  # It also ends when QEMU is killed.
  kd run --quiet passt.lua killed >/dev/null
  kill -9 "$(cat "$KDEVLUA_STATE/machines/killed/pid")"
  eventually no_machines
  kd down killed 2>/dev/null
  ip -n "$namespace" link del vpn0
  nothing_left
}
