# Networks whose set-up does not come to its end, and what was somebody else's before: all is as it was.
# shellcheck shell=bash

# What `ip netns exec` runs has mounts of its own, so that a namespace made by it would be nowhere else.
kd() { (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" "$@"); }

# served.lua NAMESPACE ENDING, both may be "": a network with all that there is, with two interfaces moved into its namespace.
# Its guest never starts.
served_script() {
  cat >"$work/share/served.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local place <const>, ending <const> = arg[1], arg[2]
	local setup <close> = kdev.transaction.begin { name = "served" } -- luacheck: ignore setup
	local space <const> = place ~= "" and kdev.net.namespace(place, { interfaces = { "move0", "move1" } }) or nil
	local bridge <const> = kdev.net.bridge { name = "served0", dhcp = true, masquerade = true, namespace = space }
	local tap <const> = kdev.net.tap { bridge = bridge }
	kdev.vm.launch { name = "served", memory = "64M", net = tap, wait = "none", extra = { "-S" } }
	if ending == "error" then error "enough" end
	if ending == "wait" then
	  print "ready"
	  kdev.task.sleep(60)
	end
	lua
}

# Interfaces of the host with an address and a route.
movable() {
  local name
  for name in 0 1; do
    inside ip link add "move$name" type veth peer name "peer$name"
    inside ip link set "peer$name" up
    inside ip addr add "10.7.$name.2/24" dev "move$name"
    inside ip link set "move$name" up
    inside ip route add "10.8.$name.0/24" via "10.7.$name.1" dev "move$name"
  done
}
is_back() {
  contains "$(inside ip -br addr show dev "move$1")" "10.7.$1.2/24"
  contains "$(inside ip route)" "10.8.$1.0/24 via 10.7.$1.1 dev move$1"
  inside ip link del "move$1"
}
all_as_before() {
  is_back 0
  is_back 1
  nothing_left
}

# Runs the set-up until it waits, and sends it a signal.
served_until() {
  rm -f "$work/out"
  set -m
  (cd "$work/share" && exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" run --quiet served.lua "$1" wait >"$work/out" 2>&1) &
  local pid=$!
  eventually grep -q ready "$work/out"
  kill "-$2" $pid
  wait $pid || true
  set +m
}

test_a_served_network_whose_set_up_fails_or_is_interrupted_is_undone_as_a_whole() {
  served_script
  local place
  for place in "" "$namespace-in"; do
    movable
    fails 1 kd run --quiet served.lua "$place" error
    contains "$output" enough
    all_as_before
    movable
    served_until "$place" INT
    all_as_before
    movable
    served_until "$place" KILL
    output=$(kd gc 2>&1)
    lacks "$output" 'stays'
    all_as_before
    # The next run, of another network, undoes it, too.
    movable
    served_until "$place" KILL
    kd eval 'kdev.transaction.begin { name = "served" }' 2>"$work/err"
    contains "$(cat "$work/err")" 'undoing forwarding'
    all_as_before
    # It can be made again.
    movable
    kd run --quiet served.lua "$place" ""
    equal "$(machines | wc -l)" 1
    kd down --now 2>/dev/null
    all_as_before
  done
}

test_a_network_of_a_script_that_fails_is_undone_as_a_whole() {
  movable
  fails 1 kd eval 'kdev.net.namespace(arg[1], { interfaces = { "move0", "lo" } })' "$namespace-in"
  all_as_before
  movable
  # Somebody serves names there.
  inside ip link add taken0 type bridge
  inside ip addr add 192.168.99.1/24 dev taken0
  inside ip link set taken0 up
  inside python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.168.99.1", 53))
print("ready", flush=True)
time.sleep(60)' >"$work/server" &
  local pid=$!
  eventually grep -q ready "$work/server"
  fails 1 kd eval 'kdev.net.bridge { name = "taken0", dhcp = true, masquerade = true }'
  contains "$output" 'another program serves names or addresses in taken0'
  kill $pid
  inside ip link del taken0
  all_as_before
}

test_a_namespace_stays_as_long_as_an_interface_cannot_be_moved_back_from_it() {
  movable
  kd eval 'kdev.net.namespace(arg[1], { interfaces = { "move0", "move1" } })' "$namespace-in"
  # Somebody has made it again.
  inside ip link add move0 type veth peer name other0
  fails 1 kd down
  contains "$output" "could not move move0 into the host's namespace"
  contains "$output" 'sudo ip link del move0'
  ip -n "$namespace-in" link show move0 >/dev/null || fail 'the interface was destroyed'
  is_back 1
  inside ip link del move0
  kd down 2>/dev/null
  is_back 0
  nothing_left
}

test_what_an_interface_does_not_take_any_more_is_told_and_the_rest_given_back() {
  movable
  inside ip addr add fd00:7::2/64 dev move0
  kd eval 'kdev.net.namespace(arg[1], { interfaces = { "move0" } })' "$namespace-in"
  inside sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1
  kd down 2>"$work/err"
  contains "$(cat "$work/err")" 'could not give move0 the address fd00:7::2/64'
  contains "$(cat "$work/err")" 'ip address replace fd00:7::2/64'
  all_as_before
}

# The addresses and routes of move0, those left out that come by themselves.
parts() {
  ip -n "$1" -br addr show dev move0 | tr ' ' '\n' | grep / | grep -v '^fe80' | sort
  ip -n "$1" addr show dev move0 | grep -o 'inet.* peer [^ ]*' | sort
  for family in -4 -6; do
    ip -n "$1" $family route show table all dev move0 | grep -v -e 'table local' -e '^fe80' -e '^multicast' | sed 's/ linkdown//; s/ *$//' | sort
  done
}

test_a_moved_interface_keeps_both_families_peers_sources_and_tables() {
  local before
  movable
  inside ip link del move1
  inside ip link set move0 down
  inside ip addr flush dev move0
  inside ip addr add 10.7.0.2 peer 10.7.0.1/32 dev move0
  inside ip addr add 10.7.0.9/32 dev move0
  inside ip addr add fd00:7::2/64 dev move0 nodad
  inside ip addr add fd00:7::9/128 dev move0 nodad
  inside ip link set move0 up
  inside ip route add 10.8.0.0/24 via 10.7.0.1 dev move0 src 10.7.0.9 metric 5
  inside ip route add 10.9.9.9 dev move0
  inside ip route add 10.9.0.0/16 via 10.9.9.9 dev move0
  inside ip route add default dev move0 table 51820
  inside ip -6 route add fd00:8::/64 via fd00:7::1 dev move0 src fd00:7::9 metric 77
  inside ip -6 route add default dev move0 table 51820
  before=$(parts "$namespace")
  equal "$(wc -l <<<"$before")" 14
  kd eval 'kdev.net.namespace(arg[1], { interfaces = { "move0" } })' "$namespace-in" 2>"$work/err"
  equal "$(parts "$namespace-in")" "$before"
  contains "$(cat "$work/err")" "sudo ip -4 -n $namespace-in rule add table 51820; sudo ip -6 -n $namespace-in rule add table 51820"
  kd down 2>/dev/null
  equal "$(parts "$namespace")" "$before"
  inside ip link del move0
  nothing_left
}

test_a_tap_and_a_bridge_of_somebody_elses_are_given_back_as_they_were() {
  local place bridge
  cat >"$work/share/foreign.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "foreign" } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = arg[1], dhcp = true, masquerade = true }
	kdev.net.tap { name = "theirs1", bridge = bridge, mtu = 1300 }
	lua
  inside ip link add theirs0 type bridge
  inside ip addr add 192.168.99.1/24 dev theirs0
  inside ip link set theirs0 up
  for place in theirs1 theirs2; do inside ip tuntap add dev "$place" mode tap; done
  inside ip link set theirs1 mtu 1400
  # A port of the bridge that has nothing to do with us.
  inside ip link set theirs2 master theirs0
  as_theirs() {
    lacks "$(inside ip link show dev theirs1)" master
    contains "$(inside ip link show dev theirs1)" 'mtu 1400'
    lacks "$(inside ip link show dev theirs1)" UP
    contains "$(inside ip -br link show master theirs0)" theirs2
    contains "$(inside ip -br addr show dev theirs0)" 192.168.99.1/24
    equal "$(inside ip -br link | grep -vc -e '^lo ' -e '^theirs')" 0
    equal "$(inside nft list tables)$(servers)" ''
    equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 0
    equal "$(find "$KDEVLUA_STATE/journal" -name '*.json')" ''
  }
  for bridge in ours0 theirs0; do
    kd run --quiet foreign.lua $bridge
    kd run --quiet foreign.lua $bridge
    contains "$(inside ip link show dev theirs1)" "mtu 1300 qdisc"
    contains "$(inside ip link show dev theirs1)" "master $bridge"
    contains "$(kd ps)" 'tap settings theirs1'
    fails 1 kd eval 'kdev.net.tap { name = "theirs1" }'
    contains "$output" 'the tap theirs1 belongs to the set-up foreign'
    kd down 2>"$work/err"
    lacks "$(cat "$work/err")" stays
    as_theirs
    # And one of a scope of a script.
    kd eval 'local bridge <close> = kdev.net.bridge { name = arg[1], dhcp = true, masquerade = true }
      local tap <close> = kdev.net.tap { name = "theirs1", bridge = bridge, mtu = 1300 }' $bridge
    as_theirs
  done
  for bridge in theirs0 theirs1 theirs2; do inside ip link del $bridge; done
  nothing_left
}

test_a_network_that_was_removed_is_known_to_nobody_and_can_be_made_anew_at_once() {
  for _ in 1 2 3 4 5; do
    kd eval 'for _ = 1, 3 do
        local bridge <close> = kdev.net.bridge { name = "again0", address = "192.168.98.1/24", dhcp = true, masquerade = true }
        local tap <close> = kdev.net.tap { name = "again1", bridge = bridge } -- luacheck: ignore tap
      end'
    # Seen before the kernel has freed their memory: ip waits for that, nobody else.
    lacks "$(inside cat /proc/net/dev)" again
    equal "$(inside nft list tables)$(servers)" ''
  done
  nothing_left
}

test_a_network_of_another_state_is_neither_taken_over_nor_removed() {
  # With a bridge that is somebody else's.
  kd eval 'kdev.net.bridge { name = "virbr0", dhcp = true, masquerade = true }'
  KDEVLUA_STATE=$work/other fails 1 kd eval 'kdev.net.bridge { name = "virbr0", dhcp = true, masquerade = true }'
  contains "$output" "the bridge virbr0 was made by another kdevlua, which keeps its state in $KDEVLUA_STATE"
  contains "$(inside nft list tables)" kdevlua_virbr0
  kd down 2>/dev/null
  # And in one that is nobody's of us.
  inside ip link add theirs0 type bridge
  inside ip addr add 192.168.99.1/24 dev theirs0
  inside ip link set theirs0 up
  kd eval 'kdev.net.bridge { name = "theirs0", dhcp = true, masquerade = true }'
  KDEVLUA_STATE=$work/other fails 1 kd eval 'kdev.net.bridge { name = "theirs0", masquerade = true }'
  contains "$output" 'there is an nftables table kdevlua_theirs0 already'
  KDEVLUA_STATE=$work/other fails 1 kd eval 'kdev.net.bridge { name = "theirs0", dhcp = true }'
  contains "$output" 'another program serves names or addresses in theirs0'
  equal "$(KDEVLUA_STATE=$work/other kd ps --json)" '{"machines":[],"things":[]}'
  contains "$(inside nft list tables)" kdevlua_theirs0
  [ -n "$(servers)" ] || fail 'the dnsmasq is gone'
  kd down 2>/dev/null
  inside ip link del theirs0
  nothing_left
}

test_an_interface_may_have_a_name_that_is_a_word_of_ip() {
  kd eval 'local bridge <close> = kdev.net.bridge { name = "dev", mtu = 1400, dhcp = true }
    local tap <close> = kdev.net.tap { name = "up", bridge = bridge } -- luacheck: ignore tap'
  nothing_left
}

test_a_namespace_whose_mount_is_gone_is_gone() {
  local space=$namespace-sub
  kd eval 'kdev.net.bridge { name = "sub0", dhcp = true, namespace = kdev.net.namespace(arg[1]) }' "$space"
  kill "$(servers)"
  umount "/run/netns/$space"
  contains "$(kd ps)" "namespace $space  -    gone"
  fails 1 kd eval 'kdev.net.namespace(arg[1])' "$space"
  contains "$output" "ip netns del $space"
  contains "$(kd doctor 2>/dev/null || true)" "namespace $space, is gone"
  kd gc 2>/dev/null
  [ ! -e "/run/netns/$space" ] || fail 'its file is there'
  nothing_left
}

test_what_somebody_else_has_removed_of_a_network_is_told_and_made_anew() {
  local told
  cat >"$work/share/told.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "told" } -- luacheck: ignore setup
	kdev.net.bridge { name = "told0", dhcp = true, masquerade = true }
	lua
  kd run --quiet told.lua
  lacks "$(kd ps)" gone
  inside nft delete table ip kdevlua_told0
  inside sysctl -q -w net.ipv4.ip_forward=0
  kill "$(servers)"
  eventually is_empty "$namespace"
  equal "$(kd ps | grep -c ' gone$')" 3
  told=$(kd doctor 2>/dev/null || true)
  contains "$told" 'name service told0 of told is gone'
  contains "$told" 'masquerade told0 of told is gone'
  contains "$told" 'run the set-up of told again'
  kd run --quiet told.lua
  lacks "$(kd ps)" gone
  equal "$(kd ps | grep -c forwarding)" 1
  kd down 2>/dev/null
  nothing_left
}

test_down_takes_what_was_made_outside_of_a_set_up_by_its_name() {
  kd eval 'for _, name in ipairs { "one0", "two0" } do
      kdev.net.tap { name = name .. "t", bridge = kdev.net.bridge { name = name, dhcp = true, masquerade = true } }
    end'
  kd eval 'kdev.disk.create { path = "loose.qcow2", size = "1M" }'
  fails 1 kd down three0
  contains "$output" 'nothing called three0 was made here'
  contains "$output" 'loose.qcow2, net.ipv4.ip_forward, one0'
  kd down --disks loose.qcow2 2>/dev/null
  [ ! -e "$KDEVLUA_STATE/disks/loose.qcow2" ] || fail 'the disk is left'
  kd down one0t 2>/dev/null
  kd down one0 2>/dev/null
  equal "$(inside nft list tables)" 'table ip kdevlua_two0'
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 1
  kd down two0t 2>/dev/null
  kd down two0 2>/dev/null
  nothing_left
}

test_a_bridge_has_the_address_of_a_host_and_a_dry_run_says_what_a_shell_can_run() {
  local address
  for address in 192.168.98.0/24 192.168.98.255/24; do
    fails 1 kd eval 'kdev.net.bridge { name = "host0", address = arg[1] }' $address
    contains "$output" "$address is not an address of a host in its network"
  done
  contains "$(kd eval --dry-run 'kdev.net.bridge { name = "host0", address = "192.168.98.1/24", dhcp = true }' 2>&1)" \
    '--dhcp-range=192.168.98.1,192.168.98.254,255.255.255.0,12h'
  nothing_left
}

test_what_is_in_another_network_namespace_is_left_alone_and_told_of() {
  local other=$namespace-lab lines
  ip netns add "$other"
  ip netns exec "$other" sysctl -q -w net.ipv4.ip_forward=1
  # there ARGUMENT...: kdevlua with the same state, in the other one.
  there() { (cd "$work/share" && exec nsenter "--net=/run/netns/$other" "$PROGRAM" "$@"); }
  kd eval 'local s <close> = kdev.transaction.begin { name = "here" }
    kdev.net.tap { bridge = kdev.net.bridge { name = "here0", masquerade = true } }'
  lines=$(ls "$KDEVLUA_STATE/journal")
  equal "$(there ps | grep -c 'elsewhere$')" 4
  contains "$(there gc 2>&1)" 'nothing is left over'
  fails 1 there down
  contains "$output" "it is in another network namespace, $namespace"
  contains "$output" "sudo ip netns exec $namespace kdevlua down"
  equal "$(ls "$KDEVLUA_STATE/journal")" "$lines"
  equal "$(ip netns exec "$other" cat /proc/sys/net/ipv4/ip_forward)" 1
  # A network of the same name there is another one.
  there eval 'local s <close> = kdev.transaction.begin { name = "there" }
    kdev.net.tap { bridge = kdev.net.bridge { name = "here0", masquerade = true } }'
  lacks "$(kd ps)" gone
  kd down here 2>/dev/null
  contains "$(ip netns exec "$other" nft list tables)" kdevlua_here0
  # With the namespace all is gone that was in it.
  ip netns del "$other"
  contains "$(kd gc 2>&1)" 'its network namespace is gone'
  nothing_left
}

test_a_namespace_that_somebody_has_made_anew_is_not_removed() {
  kd eval "kdev.net.namespace '$namespace-anew'"
  ip netns del "$namespace-anew"
  ip netns add "$namespace-anew"
  contains "$(kd ps)" gone
  kd down 2>/dev/null
  ip netns del "$namespace-anew" || fail 'it was removed'
  nothing_left
}

test_forwarding_stays_as_long_as_another_state_lets_guests_out() {
  kd eval 'kdev.net.bridge { name = "mine0", masquerade = true }'
  KDEVLUA_STATE=$work/other kd eval 'kdev.net.bridge { name = "other0", masquerade = true }'
  contains "$(kd down 2>&1)" 'remove forwarding net.ipv4.ip_forward'
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 1
  KDEVLUA_STATE=$work/other kd down 2>/dev/null
  kd gc 2>/dev/null
  nothing_left
}

test_a_bridge_is_ours_before_it_has_an_address() {
  # Lines that ip cannot take in one call, for the space in the state's path, and an ip that takes its time.
  export KDEVLUA_STATE="$work/a state"
  mkdir "$work/bin"
  printf '#!/bin/sh\ncase $* in *"address add"*) sleep 5 ;; esac\nexec %s "$@"\n' "$(command -v ip)" >"$work/bin/ip"
  chmod +x "$work/bin/ip"
  (cd "$work/share" && PATH=$work/bin:$PATH exec nsenter "--net=/run/netns/$namespace" "$PROGRAM" eval 'kdev.net.bridge { name = "slow0" }' \
    >/dev/null 2>&1) &
  local pid=$!
  eventually inside grep -q slow0 /proc/net/dev
  sleep 1
  kill -9 $pid
  wait $pid || true
  kd down 2>/dev/null
  inside ip link show slow0 2>/dev/null && fail 'the bridge is left'
  pkill -f -- "address add .* dev slow0" || true
  nothing_left
}

test_routes_by_several_ways_and_what_is_known_of_a_way_come_back() {
  movable
  inside ip route add 10.50.0.0/16 nexthop via 10.7.0.1 dev move0 weight 2 nexthop via 10.7.0.3 dev move0 weight 1
  inside ip route add 10.60.0.0/16 via 10.7.0.1 mtu 1300 advmss 1200
  inside ip route add 10.70.0.0/16 nexthop via 10.7.0.1 dev move0 weight 1 nexthop via 10.7.1.1 dev move1 weight 1
  fails 0 kd eval "kdev.net.namespace('$namespace-routes', { interfaces = { 'move0' } })"
  contains "$output" 'the route to 10.70.0.0/16 leads over other interfaces, too, and loses move0'
  contains "$(ip -n "$namespace-routes" route)" '10.60.0.0/16 via 10.7.0.1 dev move0 mtu 1300 advmss 1200'
  contains "$(ip -n "$namespace-routes" route | tr -s ' \n\t' ' ')" 'nexthop via 10.7.0.1 dev move0 weight 2 nexthop via 10.7.0.3 dev move0'
  kd down 2>/dev/null
  contains "$(inside ip route | tr -s ' \n\t' ' ')" '10.50.0.0/16 nexthop via 10.7.0.1 dev move0 weight 2 nexthop via 10.7.0.3'
  contains "$(inside ip route)" '10.60.0.0/16 via 10.7.0.1 dev move0 mtu 1300 advmss 1200'
  all_as_before
}

test_taps_of_one_name_in_two_namespaces_are_two() {
  local name
  cat >"$work/share/spaced.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = arg[1] } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "virbr0", namespace = kdev.net.namespace(arg[2]) }
	kdev.net.tap { name = "tap-x", bridge = bridge }
	lua
  for name in a b a b; do kd run --quiet spaced.lua "$name" "$namespace-$name"; done
  kd down 2>/dev/null
  nothing_left
}

test_a_bridge_in_a_network_that_another_interface_is_in_is_refused() {
  kd eval 'kdev.net.bridge { name = "first0", address = "192.168.99.1/24" }'
  for address in 192.168.99.1/24 192.168.99.7/24; do
    fails 1 kd eval 'kdev.net.bridge { name = "second0", address = arg[1] }' $address
    contains "$output" 'first0 is in the network 192.168.99.0/24 already'
  done
  fails 1 kd eval 'kdev.net.bridge { name = "second0", address = "010.0.0.1/24" }'
  # One of somebody else's without an address: following the advice leads on.
  inside ip link add bare0 type bridge
  for options in 'dhcp = true' 'masquerade = true' 'address = "192.168.77.1/24"'; do
    fails 1 kd eval "kdev.net.bridge { name = 'bare0', $options }"
    contains "$output" 'give it one: sudo ip address add 192.168.77.1/24 dev bare0'
  done
  inside ip address add 192.168.77.1/24 dev bare0
  kd eval 'kdev.net.bridge { name = "bare0", dhcp = true, masquerade = true }'
  kd down 2>/dev/null
  inside ip link del bare0
  nothing_left
}

test_dhcp_follows_the_bridges_address_and_takes_any_path() {
  export KDEVLUA_STATE="$work/s #1 \"q\" \\"
  kd eval 'kdev.net.bridge { name = "moved0", dhcp = true }'
  grep -q 'dhcp-range=192.168.77.1,' "$KDEVLUA_STATE/networks/moved0/dnsmasq.conf" || fail 'no range'
  [ -e "$KDEVLUA_STATE/networks/moved0/leases" ] || fail 'the leases are elsewhere'
  inside ip link del moved0
  kd eval 'kdev.net.bridge { name = "moved0", dhcp = true, address = "10.66.0.1/24" }'
  grep -q 'dhcp-range=10.66.0.1,' "$KDEVLUA_STATE/networks/moved0/dnsmasq.conf" || fail 'the old range'
  inside ip link add asker type veth peer name port0
  inside ip link set port0 master moved0
  inside ip link set port0 up
  inside ip link set asker up
  contains "$(inside busybox udhcpc -i asker -n -q -f -s /bin/true 2>&1)" 'lease of 10.66.0.'
  inside ip link del asker
  kd down 2>/dev/null
  nothing_left
}

test_names_that_linux_takes_otherwise_are_refused() {
  local name
  for name in br%d all default; do
    fails 1 kd eval 'kdev.net.bridge { name = arg[1] }' "$name"
    contains "$output" "\"$name\" cannot be an interface's name"
    fails 1 kd eval 'kdev.net.tap { name = arg[1] }' "$name"
  done
  KDEVLUA_STATE=$work/$(printf 'long%.0s' {1..60})/$(printf 'path%.0s' {1..10})
  fails 1 kd eval 'kdev.net.bridge { name = "long0" }'
  contains "$output" "too long for the alias of an interface"
  equal "$(inside ip -br link | grep -vc '^lo ')" 0
}

test_a_state_that_may_not_be_entered_is_not_empty() {
  [ "$(id -u)" = 0 ] || skip 'needs root'
  kd eval 'kdev.net.bridge { name = "roots0" }'
  chmod 700 "$KDEVLUA_STATE"
  local command
  for command in ps down gc; do
    fails 1 inside setpriv --reuid 65534 --clear-groups "$PROGRAM" $command
    contains "$output" 'Permission denied'
  done
  kd down 2>/dev/null
  nothing_left
}
