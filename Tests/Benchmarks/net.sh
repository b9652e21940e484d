# scripts/bench net: a network for guests, made and removed, against the same as single commands of a shell script.
# shellcheck shell=bash

# What is measured against: the commands that a person would write down.
single_commands() {
  cat >"$work/dnsmasq.conf" <<-conf
	pid-file=$work/dnsmasq.pid
	interface=virbr0
	except-interface=lo
	bind-interfaces
	dhcp-range=192.168.77.1,192.168.77.254,255.255.255.0,12h
	dhcp-leasefile=$work/leases
	user=root
	conf
  cat >"$work/single.sh" <<-sh
	set -e
	ip link add name virbr0 type bridge
	ip address add 192.168.77.1/24 dev virbr0
	ip link set virbr0 up
	ip tuntap add dev tap-bench mode tap
	ip link set tap-bench master virbr0
	ip link set tap-bench up
	sysctl -q -w net.ipv4.ip_forward=1
	nft add table ip bench
	nft 'add chain ip bench postrouting { type nat hook postrouting priority srcnat; }'
	nft add rule ip bench postrouting ip saddr 192.168.77.0/24 ip daddr != 192.168.77.0/24 masquerade
	dnsmasq --conf-file=$work/dnsmasq.conf
	kill \$(cat $work/dnsmasq.pid)
	nft delete table ip bench
	sysctl -q -w net.ipv4.ip_forward=0
	ip link del tap-bench
	ip link del virbr0
	sh
  cat >"$work/net.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "bench" } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "virbr0", address = "192.168.77.1/24", dhcp = true, masquerade = true }
	kdev.net.tap { name = "tap-bench", bridge = bridge }
	lua
}

ours_made_and_removed() {
  "$program" run --quiet "$work/net.lua" && "$program" down --quiet bench
}

# `down` is over when no interface is left; the kernel is with them for some moments more, and ip with it.
ours_until_all_is_freed() {
  ours_made_and_removed
  while pgrep --runstates D,R,S -x ip >/dev/null; do :; done
}

# In a namespace of its own: nothing of the host's is in the way, and nothing of it is touched.
bench_net_inside() {
  local i
  ip link set lo up
  single_commands
  ours_made_and_removed
  for i in $(seq "${KDEVLUA_BENCH_ROUNDS:-15}"); do
    seconds ours_made_and_removed >>"$work/net.a"
    # What the kernel still does for one is not to be counted for the other.
    sleep 0.2
    seconds bash "$work/single.sh" >>"$work/net.b"
    sleep 0.2
    seconds ours_until_all_is_freed >>"$work/net.d"
    sleep 0.2
  done
  row 'net: made and removed / single commands' "$(median <"$work/net.a")" "$(median <"$work/net.b")" 'at most 0.5'
  row 'net: until all memory is freed / the same' "$(median <"$work/net.d")" "$(median <"$work/net.b")" -
  # What a single `ip` waits for: the kernel sees that nobody uses a device any more, and for a bridge twice.
  for i in $(seq "${KDEVLUA_BENCH_ROUNDS:-15}"); do
    ip link add name virbr0 type bridge
    ip link set virbr0 up group 77
    ip tuntap add dev tap-bench mode tap
    ip link set tap-bench master virbr0 up group 77
    seconds ip link delete group 77 >>"$work/net.c"
  done
  row 'net: made and removed / the removing alone' "$(median <"$work/net.a")" "$(median <"$work/net.c")" -
}

bench_net() {
  need_packages dnsmasq-base nftables procps
  if [ "$(id -u)" != 0 ]; then
    say 'net needs root, for a network namespace'
    return 0
  fi
  export work program
  export -f seconds median row single_commands ours_made_and_removed ours_until_all_is_freed bench_net_inside
  unshare --net bash -euc bench_net_inside
  # Eight lines written, undone and struck out in a set-up, more than a launch has; each time under the lock of a name.
  cat >"$work/journal.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local times <const> = {}
	for round = 1, 50 do
	  local start <const> = kdev.time.monotonic()
	  pcall(function()
	    local setup <close> = kdev.transaction.begin { name = "journal" } -- luacheck: ignore setup
	    for number = 1, 4 do kdev.net.link("journal-" .. number) end
	    error "enough"
	  end)
	  times[round] = kdev.time.monotonic() - start
	end
	table.sort(times)
	print(("%-44s %10.4f s %35s"):format("net: journal and locks of a launch", times[25], "(target at most 0.005 s)"))
	lua
  "$program" run --quiet "$work/journal.lua"
}
