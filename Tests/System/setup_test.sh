# The documented set-up, from nothing to a command run in a guest, and its end.
# shellcheck shell=bash

test_the_set_up_runs_on_a_tap_and_is_taken_over_by_a_second_run() {
  local out address first
  out=$(kd run setup.lua --net tap)
  contains "$out" 'guest    6.'
  contains "$out" "share    $work/share is /mnt/host in the guest: written and read both ways"
  contains "$out" 'VNC      127.0.0.1:'
  contains "$out" "stop     $PROGRAM down work"
  # Host and guest reach each other by address.
  address=$(sed -n 's/^address  //p' <<<"$out")
  inside busybox ping -c 1 -w 5 "$address" >/dev/null || fail "no answer from $address"
  # VNC and nothing else listens, on loopback alone.
  equal "$(inside ss -Hltn | awk '{print $4}' | sed 's/:[0-9]*$//' | sort -u)" 127.0.0.1
  equal "$(inside ip -j link show dev tap-work | grep -o '"master":"[^"]*"')" '"master":"virbr0"'
  # Again: the same machine, nothing made twice.
  first=$(machines)
  out=$(kd run setup.lua --net tap 2>&1)
  contains "$out" '= machine work'
  contains "$out" '= tap tap-work'
  contains "$out" '= bridge virbr0'
  equal "$(machines)" "$first"
  # Another memory is not silently ignored.
  fails 1 kd run setup.lua --net tap --memory 2G
  contains "$output" 'memory (MiB) is 1024, wanted is 2048'
  contains "$output" '! --restart starts the machine anew'
  equal "$(machines)" "$first"
  # ps lists what was made, down undoes it in reverse order.
  out=$(kd ps)
  contains "$out" 'work  running'
  contains "$out" 'bridge virbr0'
  contains "$out" 'tap tap-work'
  out=$(kd down work 2>&1)
  equal "$(grep -o 'remove [a-z]*' <<<"$out" | xargs)" 'remove machine remove tap remove bridge'
  contains "$out" 'kept: disk'
  [ -f "$KDEVLUA_STATE/disks/work.qcow2" ] || fail 'down removed the disk'
  # Another size of it is refused with what makes room for it.
  fails 1 kd run setup.lua --net user --disk-size 10G
  contains "$output" 'is there already and differs'
  contains "$output" '! kdevlua down --disks work removes the disks, and what is on them'
  kd down --disks work >/dev/null 2>&1
  nothing_left
  [ ! -e "$KDEVLUA_STATE/disks/work.qcow2" ] || fail 'down --disks left the disk'
}

test_two_machines_share_a_bridge_that_goes_with_the_last_of_them() {
  kd run --quiet setup.lua --net tap --name one >/dev/null &
  local first=$!
  kd run --quiet setup.lua --net tap --name two >/dev/null
  wait $first
  equal "$(kd ps | grep -c running)" 2
  local addresses
  addresses=$(kd ps | awk '/running/ {print $7}' | sort -u | wc -l)
  equal "$addresses" 2
  # Both use the bridge, whoever made it.
  equal "$(kd ps | awk '/^bridge/ {print $3}' | sort | xargs)" 'one two'
  contains "$(kd down one 2>&1)" 'other machines use it'
  inside ip link show dev virbr0 >/dev/null || fail 'the bridge went with the first machine'
  kd down two 2>/dev/null
  kd down --disks 2>/dev/null
  nothing_left
}

test_an_ordinary_user_without_rights_gets_user_networking_and_is_told() {
  local out
  cp "$PROGRAM" "$work/kdevlua"
  mkdir "$work/home" && chown nobody "$work/home" "$work/share"
  chmod -R a+rX "$KDEVLUA_CACHE"
  export KDEVLUA_STATE=$work/home/state
  as_nobody() { (cd "$work/share" && HOME=$work/home inside setpriv --reuid nobody --regid nogroup --clear-groups "$work/kdevlua" "$@"); }
  fails 1 as_nobody run setup.lua --net tap
  contains "$output" 'net cannot be what was asked for'
  contains "$output" 'to have it: '
  out=$(as_nobody run setup.lua 2>&1)
  contains "$out" 'no tap, '
  contains "$out" '; taking net user'
  contains "$out" 'written and read both ways'
  contains "$out" 'address  127.0.0.1:'
  equal "$(stat -c %U /proc/"$(machines)")" nobody
  as_nobody down --disks 2>/dev/null
  nothing_left
}

# as_ruled COMMAND ...: as nobody, whom the documented rule for sudo allows what it allows.
as_ruled() {
  local docs
  docs=$(dirname "${BASH_SOURCE[0]}")/../../docs/how-to/run-without-root.md
  if [ ! -e "$work/home" ]; then
    cp "$PROGRAM" "$work/kdevlua"
    mkdir "$work/home" "$work/sudoers.d" && chown nobody "$work/home" "$work/share"
    sed -n '/^Cmnd_Alias KDEVLUA/,/^you ALL/p' "$docs" | sed 's/^you /nobody /' >"$work/sudoers.d/kdevlua"
    chmod 440 "$work/sudoers.d/kdevlua"
    mknod -m 666 "$work/tun" c 10 200
    chmod -R a+rX "$KDEVLUA_CACHE"
  fi
  # The rule, and a /dev/net/tun as Debian has it, are seen by nobody else.
  KDEVLUA_STATE=$work/home/state unshare -m bash -euc '
    mount --bind "$0/tun" /dev/net/tun
    mount --bind "$0/sudoers.d" /etc/sudoers.d
    cd "$0/share"
    exec ip netns exec "$1" setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$0/home" "$0/kdevlua" "${@:2}"
  ' "$work" "$namespace" "$@"
}

test_a_user_with_the_documented_sudo_rule_gets_a_tap_and_qemu_needs_no_root() {
  local out
  export KDEVLUA_STATE=$work/home/state
  out=$(as_ruled run --trace setup.lua --net tap 2>&1) || fail "$out"
  contains "$out" '+ sudo ip tuntap add dev tap-work mode tap user 65534'
  contains "$out" 'written and read both ways'
  equal "$(stat -c %U /proc/"$(machines)")" nobody
  as_ruled down --disks 2>/dev/null
  nothing_left
}

test_the_documented_sudo_rule_is_for_taps_of_all_kinds_and_who_needs_more_is_told() {
  local out
  export KDEVLUA_STATE=$work/home/state
  as_ruled eval 'kdev.net.tap { name = "many0", queues = 2, bridge = kdev.net.bridge { name = "ruled0", mtu = 9000 } }' 2>/dev/null
  out=$(inside ip -d -j link show many0)
  contains "$out" '"multi_queue":true'
  contains "$out" '"mtu":9000'
  fails 1 as_ruled eval 'kdev.net.bridge { name = "ruled1", dhcp = true }'
  contains "$output" 'this needs root, and sudo does not allow it: sudo dnsmasq'
  contains "$output" 'sudo -v'
  as_ruled doctor --json --quiet >"$work/doctor.json" 2>/dev/null || true
  out=$(cat "$work/doctor.json")
  contains "$out" '"subject":"root","text":"by sudo"'
  for part in 'dnsmasq: no DHCP and DNS for guests' 'nft: guests of a bridge do not get out' 'ip netns: no networks in namespaces'; do
    contains "$out" "\"subject\":\"root\",\"text\":\"sudo does not allow $part\""
  done
  as_ruled down 2>/dev/null
  nothing_left
}

test_a_dry_run_changes_nothing_and_prints_what_a_shell_can_read() {
  local out
  out=$(kd run --dry-run setup.lua --net tap 2>/dev/null)
  contains "$out" "qemu-img create -f qcow2 $KDEVLUA_STATE/disks/work-base.qcow2 20G"
  contains "$out" "qemu-img create -f qcow2 -b $KDEVLUA_STATE/disks/work-base.qcow2 -F qcow2 $KDEVLUA_STATE/disks/work.qcow2"
  contains "$out" 'ip tuntap add dev tap-work mode tap'
  contains "$out" 'ip link add name virbr0 type bridge'
  contains "$out" 'ip link set dev tap-work master virbr0'
  contains "$out" '-netdev tap,id=net0,ifname=tap-work,script=no,downscript=no'
  contains "$out" 'mount_tag=hostshare'
  contains "$out" '-daemonize'
  bash -n <<<"$out" || fail 'a shell does not read the lines'
  [ ! -e "$KDEVLUA_STATE" ] || fail 'a dry run made the state folder'
  nothing_left
}

test_the_lines_of_a_dry_run_make_the_same_machine_when_a_shell_runs_them() {
  local lines
  lines=$(kd run --dry-run setup.lua --net tap 2>/dev/null | sed '/^kdevlua exec /d')
  # What is for the guest is no line of the host's.
  lacks "$lines" /mnt/host
  lacks "$lines" uname
  (cd "$work/share" && inside bash -euc "$lines") || fail 'a line failed'
  [ -n "$(machines)" ] || fail 'no QEMU runs'
  kill "$(machines)"
  inside ip link del tap-work
  inside ip link del virbr0
}

test_the_trace_prints_each_command_as_it_runs() {
  local out
  out=$(kd run --trace --quiet setup.lua --net user 2>&1)
  contains "$out" '+ qemu-img create -f qcow2'
  contains "$out" '+ kdevlua exec work uname -r'
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_machine_answers_exec_from_another_process() {
  kd run --quiet setup.lua --net user >/dev/null
  equal "$(kd exec work echo 'a  b' "it's")" "a  b it's"
  fails 3 kd exec work sh -c 'echo to stderr >&2; exit 3'
  equal "$output" 'to stderr'
  fails 127 kd exec work nope --version
  equal "$output" 'kdevlua: nope: not found in the guest'
  equal "$(kd exec work cat /proc/sys/kernel/hostname)" work
  fails 1 kd exec nowhere true
  contains "$output" 'no machine nowhere is running'
  kd down --disks 2>/dev/null
  nothing_left
}

test_progress_is_plain_lines_quiet_or_json() {
  local out
  out=$(kd run --dry-run setup.lua --net user 2>&1 >/dev/null)
  lacks "$out" $'\033'
  contains "$out" '✓ disk work-base.qcow2'
  equal "$(kd run --dry-run --quiet setup.lua --net user 2>&1 >/dev/null)" ''
  kd run --dry-run --log-format json setup.lua --net user 2>&1 >/dev/null |
    lua5.4 -e 'local json, n = require "cjson", 0
      for line in io.lines() do local e = json.decode(line) assert(e.time and e.event) if e.event == "step_ended" then n = n + 1 end end
      assert(n >= 5, n)' || fail 'not a JSON object a line'
  # On a terminal: colours, and a spinner while the guest boots.
  out=$(TERM=xterm inside script -qec "cd $work/share && $PROGRAM run setup.lua --net user" /dev/null)
  contains "$out" $'\033[32m✓'
  contains "$out" 'waiting for the guest'
  lacks "$(TERM=xterm NO_COLOR=1 inside script -qec "cd $work/share && $PROGRAM run --dry-run setup.lua --net user" /dev/null)" $'\033[32m'
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_kernel_that_was_built_anew_is_not_taken_for_the_one_that_runs() {
  local kernel
  kernel=$(kd eval 'print(kdev.kernel.find().path)' 2>/dev/null)
  mkdir -p "$work/k/boot" && cp "$kernel" "$work/k/boot/vmlinuz" && ln -s "${kernel%/boot/*}/lib" "$work/k/lib"
  kd run --quiet setup.lua --net user --kernel "$work/k/boot/vmlinuz" >/dev/null
  touch "$work/k/boot/vmlinuz"
  fails 1 kd run setup.lua --net user --kernel "$work/k/boot/vmlinuz"
  contains "$output" "was built anew since it was booted"
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_kernel_in_a_build_tree_without_its_modules_is_refused_with_the_command() {
  local kernel
  kernel=$(kd eval 'print(kdev.kernel.find().path)' 2>/dev/null)
  mkdir -p "$work/linux/arch/x86/boot"
  cp "$kernel" "$work/linux/arch/x86/boot/bzImage"
  cp "${kernel%/boot/*}"/lib/modules/*/modules.builtin "$work/linux/"
  fails 1 kd run setup.lua --net user --kernel "$work/linux/arch/x86/boot/bzImage"
  contains "$output" 'has no 9pnet_virtio built in'
  contains "$output" "make -C $work/linux modules_install INSTALL_MOD_PATH=$work/linux/.kdevlua"
  nothing_left
  # Where the command puts them they are found.
  mkdir "$work/linux/.kdevlua" && ln -s "${kernel%/boot/*}/lib" "$work/linux/.kdevlua/lib"
  kd run --quiet setup.lua --net user --kernel "$work/linux/arch/x86/boot/bzImage" >/dev/null
  kd down --disks 2>/dev/null
  nothing_left
}

test_two_commands_talk_to_one_guest_in_turn() {
  kd run --quiet setup.lua --net user >/dev/null
  kd exec work sleep 1 &
  sleep 0.3
  equal "$(kd exec work echo second)" second
  wait
  kd down --disks 2>/dev/null
  nothing_left
}

test_a_program_of_one_name_is_not_started_twice_at_once() {
  cat >"$work/launch.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local vm <const> = kdev.vm.launch { name = "same", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
	print(vm.release)
	lua
  # It becomes the program by exec, so that its number is known: it has to be at it for longer than others wait for it.
  (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/launch.lua" >"$work/one" 2>&1) &
  local first=$!
  eventually test -e "$KDEVLUA_STATE/machines/same/pid"
  kill -STOP $first
  fails 1 kd run --quiet "$work/launch.lua"
  contains "$output" 'another kdevlua is setting up or taking down the machine same'
  kill -CONT $first
  wait $first || fail "the first was hurt: $(cat "$work/one")"
  # What was made outside of a set-up is taken down by its name, too.
  kd down same 2>/dev/null
  nothing_left
}

# shown OPTION...: the configuration that the set-up would take; notes go to standard error.
shown() { kd run setup.lua --show-config --accel tcg "$@"; }

test_the_set_up_shows_each_choice_with_its_origin_and_makes_nothing() {
  local out
  out=$(shown --memory 2G 2>/dev/null)
  grep -q '^memory: "2G"  *# --memory$' <<<"$out" || fail "no origin of memory: $out"
  grep -q '^display: "vnc"  *# stdlib/fragments/setup/display/10-vnc.yaml$' <<<"$out" || fail "no display: $out"
  grep -q '^kernel.path: ".*vmlinuz.*"  *# stdlib/fragments/setup/kernel/10-stock.yaml$' <<<"$out" || fail "no kernel: $out"
  lacks "$out" modules
  # The network, with its reasons.
  contains "$(shown --net dhcp 2>/dev/null)" 'masquerade: true'
  contains "$(shown --forward web:80 2>/dev/null)" 'net: "user"'
  contains "$(shown --net passt --forward web:80 2>/dev/null)" 'net: "passt"'
  fails 1 shown --forward web:80 --net tap
  contains "$output" 'net cannot be what was asked for: tap: --forward: a tap has no ports of the host'
  # Display and root.
  contains "$(shown --display socket 2>/dev/null)" 'display: "socket"'
  qemu-img create -q -f qcow2 "$work/installed.qcow2" 1M
  out=$(shown --disk "$work/installed.qcow2" 2>/dev/null)
  contains "$out" 'root: "disk"'
  lacks "$out" kernel.path
  # Which kernel is built, and of what.
  out=$(shown --build-kernel --compiler gcc 2>&1)
  contains "$out" 'no branch testing of ceph-client, '
  contains "$out" '; taking kernel distribution'
  contains "$out" 'kernel.source.package: "linux-source-6.1"'
  contains "$out" 'kernel.config.base: "tinyconfig"'
  contains "$out" 'modules.0: "ceph"'
  out=$(shown --branch ceph/wip-mine --kernel-config defconfig --fragment kasan,lockdep --ceph debug 2>/dev/null)
  grep -q '^kernel.source.checkout: "ceph/wip-mine"  *# .*/kernel/30-wip.yaml, by --branch$' <<<"$out" ||
    fail "no origin of the branch: $out"
  grep -q '^kernel.config.fragments.5: "lockdep"  *# --fragment$' <<<"$out" || fail "no origin of the fragment: $out"
  contains "$out" 'dynamic_debug.1: "module libceph +p"'
  # A tree that is configured is built as it is.
  mkdir -p "$work/linux" && touch "$work/linux/.config"
  lacks "$(shown --tree "$work/linux" 2>/dev/null)" kernel.config.base
  fails 1 shown --kernel-config file
  contains "$output" 'kernel_config cannot be what was asked for: file: --kernel-config FILE names no file'
  fails 1 shown --kernel-config guest
  contains "$output" 'no machine work runs'
  # The fast profile has no screen, unless one is asked for.
  out=$(shown --profile fast 2>&1)
  contains "$out" 'display: "none"'
  lacks "$out" 'taking display'
  lacks "$out" vnc
  contains "$(shown --profile fast --display vnc 2>/dev/null)" 'vnc: "free"'
  # Every value is there, what nobody asked for too.
  out=$(shown --net user 2>/dev/null)
  for line in 'name: "work"  *# default' 'share: "."  *# default' 'vnc: "free"  *# stdlib/fragments/setup/display/10-vnc.yaml' \
    'disk_size: "20G"  *# stdlib/fragments/setup/00-defaults.yaml' 'net: "user"  *# .*/net/20-user.yaml, by --net' \
    'profile: "document"  *# stdlib/fragments/setup/00-defaults.yaml'; do
    grep -q "^$line$" <<<"$out" || fail "no $line in: $out"
  done
  out=$(shown --net passt --name n --disk-size 3G --share . --profile fast --vnc 7 --forward web:80 --restart --keep 2>/dev/null)
  for line in 'name: "n"  *# --name' 'disk_size: "3G"  *# --disk-size' 'share: "."  *# --share' 'profile: "fast"  *# --profile' \
    'vnc: 7  *# --vnc' 'forward.web: 80  *# --forward' 'restart: true  *# --restart' 'keep: true  *# --keep'; do
    grep -q "^$line$" <<<"$out" || fail "no $line in: $out"
  done
  out=$(shown --branch x/y --remote x=/r --depth 3 --no-fetch --jobs 2 --strict --output o --net tap --tap t9 2>/dev/null)
  for line in 'kernel.source.remotes.x: "/r"  *# --remote' 'kernel.source.depth: 3  *# --depth' 'kernel.jobs: 2  *# --jobs' \
    'kernel.source.fetch: false  *# --no-fetch' 'kernel.strict: true  *# --strict' 'kernel.output: "o"  *# --output' \
    'kernel.source.path: "./linux"  *# default' 'tap: "t9"  *# --tap'; do
    grep -q "^$line$" <<<"$out" || fail "no $line in: $out"
  done
  contains "$(shown --branch x/y 2>/dev/null)" 'kernel.output: "./linux-build/wip-small"'
  contains "$(shown --net tap 2>/dev/null)" 'tap: "tap-work"'
  # What contradicts itself is wrong usage.
  for wrong in '--kernel stock --branch x' '--archive a.tar --tree b' '--tree nowhere' '--forward 80' '--remote x'; do
    # shellcheck disable=SC2086
    fails 2 shown $wrong
  done
  [ ! -e "$KDEVLUA_STATE/disks" ] || fail 'a disk was made'
}

test_what_is_wrong_in_a_configuration_is_found_before_anything_is_made() {
  local setup=$work/share/.kdevlua/fragments/setup
  # wrong TEXT OPTION...: the set-up is refused with that text.
  wrong() {
    local text=$1
    shift
    fails 2 kd run setup.lua --accel tcg --net user "$@"
    contains "$output" "setup.lua: $text"
    [ ! -e "$KDEVLUA_STATE/disks" ] || fail 'a disk was made'
    [ ! -e "$work/share/linux" ] || fail 'the source was fetched'
  }
  wrong '--memory: 64M at least expected, got 1' --memory 1
  wrong '--cpus: 1 to 255 expected, got 0' --cpus 0
  wrong '--vnc: 0 to 99 expected, got 200' --vnc 200
  wrong '--boot-timeout: a time expected' --boot-timeout 1x
  wrong '--share: there is no folder /nope' --share /nope
  # Of a build.
  wrong "--fragment: there is no fragment kasn; did you mean 'kasan'?" --build-kernel --fragment kasn
  wrong '--fragment: there is no fragment ours; there are: ceph, debug, ' --kernel distribution --fragment ours
  wrong '--fragment: there is no fragment ./nope' --branch ceph/wip --fragment ./nope
  wrong '--jobs: 1 or more expected, got 0' --build-kernel --jobs 0
  wrong '--depth: 1 or more expected, got -1' --branch ceph/wip --depth -1
  wrong '--kernel-config: there is no configuration ./nope' --build-kernel --kernel-config ./nope
  # A branch may bring its own.
  contains "$(shown --branch ceph/wip --fragment ours 2>&1)" 'there is no fragment ours yet; it has to come with the source'
  mkdir -p "$setup" "$work/share/.kdevlua/fragments/kernel" && touch "$work/share/.kdevlua/fragments/kernel/ours.config"
  lacks "$(shown --branch ceph/wip --fragment ours,kvm_guest,hardening.config 2>&1)" 'no fragment'
  # Keys and values of fragments.
  echo 'memroy: 2G' >"$setup/01-ours.yaml"
  wrong "$setup/01-ours.yaml: unknown key 'memroy'; did you mean 'memory'?"
  echo 'kernel: {config: {fragment: [kasan]}}' >"$setup/01-ours.yaml"
  wrong "$setup/01-ours.yaml: unknown key 'kernel.config.fragment'; did you mean 'fragments'?"
  echo 'memory: 1M' >"$setup/01-ours.yaml"
  wrong "$setup/01-ours.yaml: memory: 64M at least expected, got 1M"
  # A name that is none of a fragment's.
  mkdir -p "$setup/net" && mv "$setup/01-ours.yaml" "$setup/net/05-ours.yml"
  contains "$(shown 2>&1)" "$setup/net/05-ours.yml is not read: the name of a fragment ends in .yaml"
  # A file of the stdlib's name is all that there is of it.
  echo 'memory: 300M' >"$setup/00-defaults.yaml"
  wrong 'no fragment says disk_size, nor does --disk-size'
  rm -r "$work/share/.kdevlua"
  nothing_left
}

test_a_fetch_that_failed_changes_no_default_of_the_next_set_up() {
  fails 1 kd run setup.lua --branch ceph/wip --remote ceph=file:///nowhere --accel tcg --net user
  contains "$output" 'could not fetch the source'
  [ ! -e "$work/share/linux" ] || fail 'an empty repository is left'
  # Nor does a repository that is empty for another reason: it has no branch that could be built.
  git init -q "$work/share/linux"
  contains "$(shown --build-kernel 2>/dev/null)" 'kernel.source.package: "linux-source-6.1"'
  fails 2 kd run setup.lua --branch ceph/wip --no-fetch --accel tcg --net user
  contains "$output" '--no-fetch builds what was fetched before, and ceph/wip was not fetched yet to ./linux'
  nothing_left
}

test_what_the_host_refuses_is_found_before_the_source_is_fetched() {
  # refused TEXT OPTION...: so is the set-up, and what it had made is undone.
  refused() {
    local text=$1
    shift
    fails 1 kd run setup.lua --build-kernel --accel tcg "$@"
    contains "$output" "$text"
    lacks "$output" 'source'
    [ ! -e "$work/share/linux" ] || fail 'the source was fetched'
    nothing_left
  }
  fails 2 kd run setup.lua --net user --forward 8080:80,8080:81
  contains "$output" '--forward 8080:81: 8080 leads to 80 already'
  fails 2 kd run setup.lua --net user --forward udp:53
  contains "$output" '--forward udp:53 is not of the form'
  refused 'a port of the guest expected for web, 1 to 65535' --net user --forward web:99999
  refused 'a port is 1 to 65535, got 70000' --net user --forward 70000:80
  refused "\"a-bridge-of-this-name\" cannot be an interface's name" --net tap --bridge a-bridge-of-this-name
  refused "\"tap/0\" cannot be an interface's name" --net tap --tap tap/0
  # A disk that is something else.
  mkdir -p "$KDEVLUA_STATE/disks" && echo mine >"$KDEVLUA_STATE/disks/work-base.qcow2"
  refused 'work-base.qcow2' --net user
  rm -r "$KDEVLUA_STATE/disks"
}

test_choices_that_do_not_fit_together_are_refused_with_the_reason() {
  refused() {
    local reason=$1
    shift
    fails 1 shown "$@"
    contains "$output" "the choices do not fit together: $reason"
    contains "$output" '(stdlib/fragments/setup/rules.yaml:'
  }
  qemu-img create -q -f qcow2 "$work/installed.qcow2" 1M
  refused '--bridge is for a tap, and the network is user' --net user --bridge br9
  refused '--tap is for a tap, and the network is passt' --net passt --tap t9
  refused "--vnc is the number of a display on 127.0.0.1, and the display is none" --vnc 1 --display none
  refused "--root-device is of --disk, and the guest's root is initramfs" --root-device /dev/vda
  refused '--root-device is for a kernel of yours' --root-device /dev/vda --disk "$work/installed.qcow2"
  refused "--ceph loads modules through kdevlua's agent" --ceph fs --disk "$work/installed.qcow2"
  refused '--jobs is for a kernel that is built' --jobs 2
  refused '--depth is for a branch that is built from a repository' --depth 1
  refused '--no-fetch is for a branch' --no-fetch --kernel distribution
  refused '--remote is for a branch' --remote a=b
  # What a team adds is looked at, too.
  mkdir -p "$work/share/.kdevlua/fragments/setup/net" "$work/share/.kdevlua/fragments/setup/zz"
  echo 'vhost: true' >"$work/share/.kdevlua/fragments/setup/zz/ours.yaml"
  refused 'vhost needs a tap, and the network is user' --net user
  echo 'cpu: host' >"$work/share/.kdevlua/fragments/setup/zz/ours.yaml"
  refused 'cpu host is the processor itself' --net user
  echo 'forward: {web: 80}' >"$work/share/.kdevlua/fragments/setup/zz/ours.yaml"
  refused 'a tap forwards no ports of the host' --net tap
  echo 'root: disk' >"$work/share/.kdevlua/fragments/setup/zz/ours.yaml"
  refused 'root disk needs an image' --net user
  rm -r "$work/share/.kdevlua"
  nothing_left
}

test_a_dry_run_of_a_build_prints_the_documented_commands() {
  local out server=$work/ceph-client tree
  git init -q -b testing "$server"
  git -C "$server" -c user.name=A -c user.email=a@example.com commit -q --allow-empty -m first
  # The server answers, so its branch is taken; what comes after the checkout nobody knows yet.
  out=$(kd run --dry-run setup.lua --build-kernel --accel tcg --net user --remote "ceph=file://$server" 2>&1)
  contains "$out" "git init --quiet $work/share/linux"
  contains "$out" "remote add -- ceph file://$server"
  contains "$out" 'checkout --quiet --detach ceph/testing'
  contains "$out" 'the dry run ends here'
  [ ! -e "$work/share/linux" ] || fail 'a dry run made the repository'
  # A source that is there.
  tree=$(kd eval 'print(kdev.kernel.source({ package = "linux-source-6.1" }).path)' 2>/dev/null)
  out=$(kd run --dry-run setup.lua --tree "$tree" --accel tcg --net user --compiler gcc 2>/dev/null)
  contains "$out" "make -C $tree O=$work/share/linux-build/wip-small tinyconfig"
  contains "$out" 'scripts/kconfig/merge_config.sh'
  contains "$out" "-kernel $work/share/linux-build/wip-small/"
  contains "$out" 'modprobe "$1"'
  [ ! -e "$work/share/linux-build" ] || fail 'a dry run made the folder of the build'
}

test_ceph_is_loaded_in_a_guest_on_a_network_with_names_as_the_options_ask() {
  local out first
  out=$(kd run setup.lua --net dhcp --ceph fs --display socket --profile fast)
  contains "$out" 'modules  ceph'
  contains "$out" "VNC      $KDEVLUA_STATE/machines/work/vnc"
  contains "$(kd exec work cat /proc/modules)" 'ceph '
  contains "$(inside nft list tables)" kdevlua_virbr0
  # The guest's names are served in the bridge.
  contains "$(kd exec work nslookup work 192.168.77.1)" 192.168.77.
  first=$(machines)
  out=$(kd run setup.lua --net dhcp --ceph fs --display socket --profile fast 2>&1)
  contains "$out" '= machine work'
  equal "$(machines)" "$first"
  # Another memory is an error, or a new start when that is asked for.
  fails 1 kd run setup.lua --net dhcp --ceph fs --display socket --profile fast --memory 768M
  out=$(kd run setup.lua --net user --forward web:80 --display none --profile fast --memory 768M --restart 2>&1)
  contains "$out" 'memory (MiB) is 1024, wanted is 768'
  contains "$out" '; it is started again'
  contains "$out" "to the guest's port 80"
  lacks "$out" 'VNC  '
  [ "$(machines)" != "$first" ] || fail 'the machine was not started again'
  kd down --disks 2>/dev/null
  nothing_left
}

test_an_image_with_an_installed_system_is_booted_and_stays_as_it_is() {
  local out sum
  truncate -s 8M "$work/installed.raw"
  sum=$(sha256sum <"$work/installed.raw")
  out=$(kd run setup.lua --accel tcg --net user --display none --disk "$work/installed.raw" 2>/dev/null)
  contains "$out" "go on    $PROGRAM console work"
  lacks "$(tr '\0' ' ' <"/proc/$(machines)/cmdline")" ' -kernel '
  equal "$(sha256sum <"$work/installed.raw")" "$sum"
  # Nobody there would power off.
  kill "$(machines)"
  kd down --disks 2>/dev/null
  nothing_left
  # A kernel that is given finds its root there.
  out=$(kd run --dry-run setup.lua --accel tcg --net user --disk "$work/installed.raw" --root-device /dev/vda \
    --kernel "$(kd eval 'print(kdev.kernel.find().path)' 2>/dev/null)" 2>/dev/null)
  contains "$out" 'root=/dev/vda rw'
  lacks "$out" ' -initrd '
}

# A kernel is built for some minutes, so only when KDEVLUA_TEST_KERNEL is set.
test_a_kernel_is_built_booted_and_its_changed_module_reloaded_in_one_command() {
  local out first source
  [ -n "${KDEVLUA_TEST_KERNEL:-}" ] || skip 'builds a kernel; KDEVLUA_TEST_KERNEL=1 runs it'
  mkdir "$work/home" && export HOME=$work/home
  # A copy, as a file of it is changed.
  source=$(kd eval 'print(kdev.kernel.source({ package = "linux-source-6.1" }).path)' 2>/dev/null)
  cp -r "$source" "$work/share/linux"
  rm "$work/share/linux/.kdevlua-source"
  export CCACHE_DIR=${KDEVLUA_TEST_CCACHE:-$(dirname "$source")/ccache}
  out=$(kd run setup.lua --tree linux --net user --display none 2>&1) || fail "$out"
  contains "$out" '0 options did not stick'
  contains "$out" 'modules  ceph'
  equal "$(kd exec work uname -r)" "$(kd eval 'print(kdev.kernel.version "linux")')"
  first=$(machines)
  # Again: nothing to do.
  out=$(kd run setup.lua --tree linux --net user --display none 2>&1) || fail "$out"
  contains "$out" 'nothing to build'
  equal "$(machines)" "$first"
  # A change of the module: it alone is built and reloaded.
  sed -i 's/"loaded (mds proto %d)/"loaded anew (mds proto %d)/' "$work/share/linux/fs/ceph/super.c"
  out=$(kd run setup.lua --tree linux --net user --display none 2>&1) || fail "$out"
  contains "$out" 'reload ceph in the guest'
  equal "$(machines)" "$first"
  # Another configuration is another kernel: it is booted.
  echo 'CONFIG_LOCALVERSION="-mine"' >"$work/share/mine.config"
  out=$(kd run setup.lua --tree linux --net user --display none --fragment ./mine.config 2>&1) || fail "$out"
  contains "$out" '; it is started again'
  [ "$(machines)" != "$first" ] || fail 'the new kernel was not booted'
  kd down --disks 2>/dev/null
  nothing_left
}
