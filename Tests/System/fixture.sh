#!/usr/bin/env bash
# Runs one test: PROGRAM=... TEST=... fixture.sh FILE. The test has a state folder and a network namespace of its own, and
# has failed when it leaves a process, an interface, a journal entry or a file behind.
# shellcheck shell=bash
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo 'network namespaces need root'; exit 77; }

work=$(mktemp -d /tmp/kdevlua-system-XXXXXX)
chmod 755 "$work"
export KDEVLUA_STATE=$work/state
umask 022
mkdir -p "$work/share"
namespace=kdt-$$
ip netns add "$namespace"
ip -n "$namespace" link set lo up
# Off, whatever the host has: who switches it on has to switch it off.
ip netns exec "$namespace" sysctl -q -w net.ipv4.ip_forward=0

# The program, in the test's namespace, in the folder that it shares.
kd() { (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" "$@"); }
# In the test's namespace.
inside() { ip netns exec "$namespace" "$@"; }
fail() { echo "failed: $*"; exit 1; }
skip() { echo "$*"; exit 77; }
# contains TEXT PART: PART stands in TEXT.
contains() { [[ $1 == *"$2"* ]] || fail "'$2' is not in: $1"; }
lacks() { [[ $1 != *"$2"* ]] || fail "'$2' is in: $1"; }
equal() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }
# fails STATUS COMMAND...: it ends with that status; what it printed is in $output.
fails() {
  local wanted=$1 status=0
  shift
  output=$("$@" 2>&1) || status=$?
  [ $status = "$wanted" ] || fail "status $status, not $wanted, of: $* : $output"
}

# eventually COMMAND...: waits until it succeeds, half a minute at most.
# (What is in "$(...)" is looked at once.)
eventually() {
  local count=0
  until "$@" >/dev/null 2>&1; do
    sleep 0.1
    count=$((count + 1))
    [ $count -lt 300 ] || fail "never came true: $*"
  done
}

# Whether no process is in a namespace: what removed its interfaces waits for the kernel for some moments more.
is_empty() { [ -z "$(ip netns pids "$1")" ]; }

# Processes of this test's machines, zombies left out.
machines() {
  local file
  for file in /proc/[0-9]*/cmdline; do
    if (tr '\0' '\n' <"$file") 2>/dev/null | grep -q "^$KDEVLUA_STATE/machines/"; then basename "$(dirname "$file")"; fi
  done
}
no_machines() { [ -z "$(machines)" ]; }
# Its dnsmasqs.
servers() { pgrep -f -- "^[^ ]*dnsmasq --conf-file=$KDEVLUA_STATE/networks/" || true; }
# The namespaces that it has made, but those that stand for another host: their names begin with that of its own.
spaces() { find /run/netns -name "$namespace-*" ! -name "$namespace-lab" ! -name "$namespace-far" -printf '%f\n'; }

# Nothing is left of any set-up: no process, interface, namespace, rule, journal entry, machine folder or temporary file.
nothing_left() {
  local left
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=$(machines; servers)
    [ -z "$left" ] && break
    sleep 0.1
  done
  [ -z "$left" ] || fail "left running: $(ps -o pid,args -p "$left" | cut -c1-150)"
  left=$(inside ip -br link | grep -v '^lo ' || true)
  [ -z "$left" ] || fail "left interfaces: $left"
  left=$(spaces)
  [ -z "$left" ] || fail "left namespaces: $left"
  left=$(inside nft list tables | grep kdevlua_ || true)
  [ -z "$left" ] || fail "left of nftables: $left"
  equal "$(inside cat /proc/sys/net/ipv4/ip_forward)" 0
  left=$(find "$KDEVLUA_STATE/journal" "$KDEVLUA_STATE/machines" "$KDEVLUA_STATE/networks" -mindepth 1 ! -name .lock ! -name .last \
    2>/dev/null || true)
  [ -z "$left" ] || fail "left in the state folder: $left"
  left=$(find "$work/share" -name '*.partial*' -o -name '.kdevlua-*' 2>/dev/null || true)
  left+=$(find "$KDEVLUA_CACHE" -maxdepth 2 -name '*.partial*' 2>/dev/null || true)
  [ -z "$left" ] || fail "left temporary files: $left"
}

end() {
  local status=$? pid name
  for pid in $(machines) $(servers); do kill -9 "$pid" 2>/dev/null || true; done
  # Whatever runs in the test's own namespaces was started by it.
  for name in "$namespace" $(spaces); do
    for pid in $(ip netns pids "$name" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
    ip netns del "$name" 2>/dev/null || true
  done
  umount "$work/small" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT

# shellcheck source=/dev/null
. "$1"
"$TEST"
