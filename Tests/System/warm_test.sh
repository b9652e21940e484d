# Templates from the shell.
# shellcheck shell=bash

# Templates are in the cache, which the tests share; kernel and initramfs may be that of all.
own_cache() {
  local shared=$KDEVLUA_CACHE
  export KDEVLUA_CACHE=$work/cache
  kernel=$(KDEVLUA_CACHE=$shared kd eval --quiet 'print(kdev.kernel.find().path)')
  initramfs=$(KDEVLUA_CACHE=$shared kd eval --quiet 'print(kdev.kernel.initramfs(kdev.kernel.find()))')
}

test_warm_keeps_a_booted_guest_that_clones_go_on_from() {
  local kernel initramfs
  own_cache
  cat >"$work/warm.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find { path = arg[1] }
	kdev.vm.launch {
	  name = "w", kernel = kernel, initramfs = arg[2], memory = "256M", net = kdev.net.user(), profile = "fast",
	}
	lua
  kd run --quiet "$work/warm.lua" "$kernel" "$initramfs"
  contains "$(kd warm 2>&1)" 'there are no templates'
  fails 1 kd warm --clone one w
  contains "$output" 'there is no template w'
  kd warm --quiet w
  kd down --quiet w
  contains "$(kd warm)" "w         "
  kd warm --quiet --clone one w
  equal "$(kd exec one hostname)" one
  contains "$(kd warm)" one
  # It is there for the next one, and those that run outlive it.
  kd warm --quiet --clone two w
  kd warm --remove w
  contains "$(kd warm 2>&1)" 'there are no templates'
  equal "$(kd exec two hostname)" two
  fails 1 kd warm --clone three w
  # As by sudo: QEMU gives root away, and has the state of root's cache all the same.
  chmod 700 "$KDEVLUA_CACHE"
  sed -i 's/vm.launch/vm.template/; s/net = /disks = { kdev.disk.create { path = "w.qcow2", size = "16M" } }, &/' "$work/warm.lua"
  SUDO_UID=65534 SUDO_GID=65534 kd run --quiet "$work/warm.lua" "$kernel" "$initramfs"
  SUDO_UID=65534 SUDO_GID=65534 kd warm --quiet --clone three w
  equal "$(stat -c %U /proc/"$(kd eval 'print(kdev.vm.get("three").pid)' 2>/dev/null)")" nobody
  equal "$(kd exec three hostname)" three
  # So it has its disks, to read and to write.
  equal "$(kd exec three sh -c 'echo kept >/dev/vda && sync && head -c 4 /dev/vda')" kept
  kd down --quiet --now --disks
  nothing_left
}

test_warm_of_a_machine_with_a_disk_says_how_to_end_it() {
  local kernel initramfs
  own_cache
  cat >"$work/disk.lua" <<-'lua'
	local kdev <const> = require "kdev"
	kdev.vm.launch {
	  name = "w", kernel = kdev.kernel.find { path = arg[1] }, initramfs = arg[2], memory = "256M", profile = "fast",
	  disks = { kdev.disk.create { path = "w.qcow2", size = "16M" } },
	}
	lua
  kd run --quiet "$work/disk.lua" "$kernel" "$initramfs"
  fails 1 kd warm w
  contains "$output" 'is in use by the machine w'
  contains "$output" 'end its guest and try again: kdevlua exec w poweroff'
  kd exec w poweroff
  eventually no_machines
  kd warm --quiet w
  contains "$(kd warm)" 'w         '
  kd down --quiet --disks
  kd warm --remove w
  fails 1 kd warm w
  contains "$output" 'one that was taken down is forgotten'
  nothing_left
}

test_a_template_whose_maker_was_killed_is_made_anew_and_gc_finds_it() {
  local kernel initramfs pid partial
  own_cache
  partial=$KDEVLUA_CACHE/templates/.partial-w
  cat >"$work/make.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local disk <const> = kdev.disk.create { path = "w.qcow2", size = "16M" }
	local template <const> = kdev.vm.template {
	  name = "w", kernel = kdev.kernel.find { path = arg[1] }, initramfs = arg[2], memory = "256M", disks = { disk },
	}
	if arg[3] then print(template:clone({ name = arg[3] }):exec({ "hostname" }).stdout) end
	lua
  # kill_at FILE: the program is killed when it comes to be.
  kill_at() {
    touch "$work/before"
    (cd "$work/share" && exec ip netns exec "$namespace" "$PROGRAM" run --quiet "$work/make.lua" "$kernel" "$initramfs") &
    pid=$!
    until [ "$1" -nt "$work/before" ]; do sleep 0.005; done
    kill -9 $pid
    wait $pid 2>/dev/null || true
    [ -e "$partial" ] || fail "it was too late to kill it at $1"
    [ -n "$(machines)" ] || fail 'its machine does not run'
  }
  # While it boots, and while it is saved, when its machine stands still.
  kill_at "$KDEVLUA_STATE/machines/w-template/pid"
  kill_at "$partial/state"
  contains "$(kd ps)" half-made
  contains "$(kd gc 2>&1)" "$partial"
  eventually no_machines
  [ ! -e "$partial" ] || fail 'gc left the unfinished template'
  kill_at "$partial/state"
  equal "$(kd run --quiet "$work/make.lua" "$kernel" "$initramfs" one 2>/dev/null)" one
  kd down --quiet --now one
  # A template without its memory is made anew, too.
  rm "$KDEVLUA_CACHE/templates/w/memory"
  fails 1 kd warm --clone one w
  contains "$output" 'the template w is damaged'
  equal "$(kd run --quiet "$work/make.lua" "$kernel" "$initramfs" one)" one
  kd down --quiet --now --disks
  nothing_left
}

test_clones_in_a_bridge_reach_each_other_each_by_addresses_of_its_own() {
  local kernel initramfs
  own_cache
  cat >"$work/pair.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "pair" } -- luacheck: ignore setup
	local bridge <const> = kdev.net.bridge { name = "pair0", dhcp = true }
	local template <const> = kdev.vm.template {
	  name = "pair", kernel = kdev.kernel.find { path = arg[1] }, initramfs = arg[2], memory = "256M", net = kdev.net.user(),
	}
	local function start(name, address)
	  return template:clone { name = name, net = kdev.net.tap { name = "tap-" .. name, bridge = bridge }, address = address }
	end
	local one <const>, two <const> = kdev.task.all {
	  function() return start "one" end, function() return start("two", "dhcp") end,
	}
	print(one.address, two.address)
	local tap <const> = kdev.net.tap { name = "tap-queues", bridge = bridge, queues = 2 }
	print(select(2, pcall(template.clone, template, { name = "three", net = tap })).message)
	lua
  kd run --quiet "$work/pair.lua" "$kernel" "$initramfs" >"$work/addresses"
  local one two told local_one local_two
  { read -r one two && read -r told; } <"$work/addresses"
  equal "$told" 'the card of the template pair has one queue, and the tap tap-queues has 2'
  own() { kd exec "$1" ip -6 addr show dev eth0 scope link | sed -n 's/.*inet6 \(fe80[^/]*\).*/\1/p'; }
  has_address() { kd exec two ip -4 addr show dev eth0 | grep -qF "inet $two/"; }
  eventually has_address
  # It comes with the link.
  have_local() { local_one=$(own one) local_two=$(own two) && [ -n "$local_one" ] && [ -n "$local_two" ]; }
  eventually have_local
  [ "$local_one" != "$local_two" ] || fail "both have $local_one"
  # Nothing is left of what the template had.
  equal "$(kd exec one ip -4 addr show dev eth0 | grep -c 'inet ')" 1
  kd exec --quiet one ping -c 1 -w 5 "$two" >/dev/null
  kd exec --quiet two ping -c 1 -w 5 "$one" >/dev/null
  # The next has to be through with telling that it has it (DAD).
  eventually kd exec --quiet one ping -6 -c 1 -w 5 -I eth0 "$local_two"
  kd down --quiet --now
  nothing_left
}
