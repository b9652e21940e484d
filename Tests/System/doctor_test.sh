# What `kdevlua doctor` finds, and what it says against it.
# shellcheck shell=bash

# Runs it, with a folder of programs as PATH; what it prints is in $work/doctor.json. `mounts` is run before, where mounts are the
# program's own.
mounts=true
doctor() {
  (cd "$work/share" && exec ip netns exec "$namespace" sh -c "$mounts && exec \"\$@\"" sh \
    env PATH="$work/programs" "$PROGRAM" doctor --json --quiet) >"$work/doctor.json"
}

# told SUBJECT: what was found of it, a line each: GRADE TEXT | HINT.
told() {
  python3 -c 'import json, sys
for one in json.load(open(sys.argv[1])):
  if one["subject"] == sys.argv[2]: print(one["grade"], one["text"], "|", one.get("hint", ""))' "$work/doctor.json" "$1"
}

# All programs that the tests' machine has.
programs() {
  mkdir -p "$work/programs"
  find -L /usr/bin /usr/sbin /bin /sbin /usr/local/bin -maxdepth 1 -type f -perm -1 -exec ln -sf -t "$work/programs" {} + 2>/dev/null ||
    true
}

test_doctor_starts_a_guest_and_tells_what_is_missing_with_the_command_that_mends_it() {
  local config name
  programs
  rm "$work/programs/cpio" "$work/programs/gdb"
  # A kernel that was built without taps.
  config=$work/config
  printf 'CONFIG_BRIDGE=m\n# CONFIG_TUN is not set\n' >"$config"
  if [ -e /proc/config.gz ]; then
    gzip -c "$config" >"$config.gz"
    mounts="mount --bind $config.gz /proc/config.gz"
  else
    mkdir "$work/boot"
    mv "$config" "$work/boot/config-$(uname -r)"
    mounts="mount --bind $work/boot /boot"
  fi
  # A bridge in a network that a VPN has, too.
  kd eval 'local s <close> = kdev.transaction.begin { name = "clash" }; kdev.net.bridge { name = "clash0" }'
  inside ip link add vpn0 type veth peer name vpn1
  inside ip addr add 192.168.77.77/32 dev vpn0
  inside ip link set vpn0 up
  inside ip route add 192.168.64.0/20 dev vpn0 table 42
  inside ip route add 10.0.2.0/24 dev vpn0
  # A set-up that was killed.
  kd eval 'kdev.transaction.begin { name = "dead" }; kdev.net.tap(); kdev.proc.run { "sh", "-c", "kill -9 $PPID" }' || true
  fails 1 doctor
  equal "$(told leftover)" 'limited tap tap-dead, of an interrupted set-up of dead | kdevlua gc'
  equal "$(told cpio)" 'broken not installed | sudo apt-get install cpio'
  equal "$(told gdb)" 'limited not installed: no kdevlua gdb | sudo apt-get install gdb'
  contains "$(told qemu-system-x86_64)" "ok $(qemu-system-x86_64 --version | head -n 1)"
  contains "$(told ip)" "ok $(ip -V)"
  # What is not in PATH, or no program.
  if [ -e /usr/lib/qemu/virtiofsd ]; then contains "$(told virtiofsd)" 'ok virtiofsd'; fi
  if [ -e /usr/share/novnc ]; then equal "$(told novnc)" 'ok /usr/share/novnc/vnc.html | '; fi
  contains "$(told CONFIG_TUN)" 'limited not in this kernel'
  contains "$(told CONFIG_TUN)" 'guests get user networking | sudo apt-get install linux-image-amd64'
  contains "$(told CONFIG_BRIDGE)" 'ok a module'
  equal "$(told tcg)" 'ok a guest booted under it | '
  if [ ! -e /dev/kvm ]; then contains "$(told kvm)" 'limited there is no /dev/kvm'; fi
  name='limited 192.168.77.0/24 of the bridge clash0 overlaps with'
  contains "$(told addresses)" "$name vpn0's 192.168.77.77/32 | kdevlua down clash"
  contains "$(told addresses)" "$name 192.168.64.0/20, where a route over vpn0 leads | kdevlua down clash"
  contains "$(told addresses)" '10.0.2.0/24 of user networking overlaps with 10.0.2.0/24, where a route over vpn0 leads'
  # Where a route leads no new bridge is made: 192.168.79.255 is the last of the VPN's addresses.
  contains "$(told addresses)" 'the next bridge gets 192.168.80.1/24'
  equal "$(kd eval 'print(kdev.net.bridge { name = "next0" }.address)')" 192.168.80.1/24
  kd down 2>/dev/null
  inside ip link del vpn0
  nothing_left
}

test_doctor_calls_an_accelerator_under_which_no_guest_starts_broken() {
  programs
  ln -sf /bin/false "$work/programs/qemu-system-x86_64"
  fails 1 doctor
  contains "$(told tcg)" 'broken a guest does not start under it: QEMU ended with status 1: no guest starts'
}

test_doctor_says_when_the_state_cannot_be_kept() {
  programs
  mkdir -m 755 "$work/closed"
  # shellcheck disable=SC2030
  (
    export PATH=$work/programs KDEVLUA_STATE=$work/closed/state
    inside setpriv --reuid nobody --regid nogroup --clear-groups "$PROGRAM" doctor --json --quiet
  ) >"$work/doctor.json" || true
  contains "$(told state)" "broken $work/closed/state: you may not write in $work/closed | export KDEVLUA_STATE="
  contains "$(told cache)" "broken "
  (
    KDEVLUA_STATE=$work/$(printf 'long%.0s' $(seq 25))
    export KDEVLUA_STATE
    doctor
  ) || true
  contains "$(told state)" 'too long for the sockets of machines, which have 107 bytes at most | export KDEVLUA_STATE='
}
