# The rows of scripts/bench kernel; sourced by it.
# shellcheck shell=bash disable=SC2154

# A kernel that is built already, with ceph as a module: $tree and $output, with $cc as its compiler.
kernel_tree() {
  need_packages bc bison ccache flex gcc libelf-dev libssl-dev make xz-utils linux-headers-amd64
  cc=${KDEVLUA_BENCH_CC:-ccache gcc} tree=${KDEVLUA_BENCH_TREE:-} output=${KDEVLUA_BENCH_OUTPUT:-}
  if [ -z "$output" ]; then
    output=${KDEVLUA_CACHE:-/var/tmp/kdevlua-test-cache}/bench-kernel
    mkdir -p "$output"
    export CCACHE_DIR=$output/ccache
    tree=$("$program" eval --quiet 'print(kdev.kernel.source({ package = "linux-source-6.1" }).path)')
    cat >"$work/tree.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local tree <const>, output <const>, cc <const> = table.unpack(arg)
	kdev.kernel.configure { tree = tree, output = output, base = "tinyconfig", fragments = { "guest", "ceph" }, cc = cc }
	kdev.kernel.build { tree = tree, output = output, cc = cc }
	lua
    "$program" run "$work/tree.lua" "$tree" "$output/b" "$cc" >&2
    output=$output/b
  fi
}

kernel_scripts() {
  cat >"$work/nothing.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local built <const> = kdev.kernel.build { tree = arg[1], output = arg[2], cc = arg[3], jobs = tonumber(arg[4]) }
	assert(arg[5] or built.steps == 0, built.steps)
	lua
  cat >"$work/merge.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local made <const> = kdev.kernel.configure { tree = arg[1], output = arg[2], cc = arg[3], fragments = { arg[4] } }
	assert(#made.stuck == 10, #made.stuck)
	lua
  # The inner loop: its test touches the file for the next round, and says how long ago the last touch was.
  cat >"$work/inner.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local tree <const>, output <const>, cc <const>, rounds <const> = arg[1], arg[2], arg[3], tonumber(arg[4])
	local kernel <const> = kdev.kernel.build { tree = tree, output = output, cc = cc }
	local vm <close> = kdev.vm.launch {
	  name = "inner", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), share = { hostshare = output },
	}
	vm:mount("hostshare", "/mnt/host")
	local touched
	local function touch()
	  kdev.task.sleep(1)
	  touched = kdev.time.monotonic()
	  kdev.proc.run { "touch", tree .. "/fs/ceph/file.c" }
	end
	kdev.kernel.loop {
	  vm = vm, tree = tree, output = output, cc = cc, modules = { "ceph" }, rounds = rounds + 1,
	  test = function()
	    assert(vm:exec({ "grep", "-c", "^ceph ", "/proc/modules" }).stdout == "1\n")
	    if touched then print(kdev.time.monotonic() - touched) end
	    kdev.task.spawn(touch)
	  end,
	}
	lua
  # Boots whose console must say nothing wrong, each with an oops at its end: how long after the console's last line the script
  # has the error.
  cat >"$work/reports.lua" <<-'lua'
	local kdev <const> = require "kdev"
	local kernel <const> = kdev.kernel.find()
	local initramfs <const> = kdev.kernel.initramfs(kernel)
	for _ = 1, tonumber(arg[1]) do
	  local vm <close> = kdev.vm.launch {
	    name = "reports", kernel = kernel, initramfs = initramfs, memory = "512M", share = { here = "." },
	  }
	  vm:mount("here", "/mnt")
	  kdev.task.sleep(1)
	  for _, report in ipairs(vm:reports()) do print("alarm", report.text) end
	  local ok <const>, err <const> = pcall(vm.exec, vm, { "insmod", "/mnt/kdevbreak.ko", "how=oops" })
	  local now <const> = kdev.time.now()
	  assert(not ok and err.kind == "kernel_oops", tostring(err))
	  print("late", now - kdev.fs.stat(vm.console_log).modified)
	end
	lua
}

# The kernel's own merge_config.sh, and the same by kdevlua, which then looks 200 options up: 190 that are set as they are, and 10
# that no kernel has.
bench_merge() {
  local i out=$work/merge
  mkdir -p "$out"
  cp "$output/.config" "$out/"
  for i in 1 2; do
    awk '/^CONFIG_[A-Z0-9_]*=y/ && count++ < 190' "$output/.config" >"$work/$i.config"
    seq -f 'CONFIG_NONESUCH_%g=y' 10 >>"$work/$i.config"
    echo "# $i" >>"$work/$i.config"
  done
  # Once, so that the programs of Kconfig are built.
  make -C "$tree" O="$out" CC="$cc" olddefconfig >/dev/null
  for ((i = 0; i < rounds; i++)); do
    seconds "$program" run --quiet "$work/merge.lua" "$tree" "$out" "$cc" "$work/$((i % 2 + 1)).config" >>"$work/merge.a"
    seconds env -C "$out" MAKEFLAGS="-- CC=${cc/ /\\ }" "$tree/scripts/kconfig/merge_config.sh" -O "$out" .config "$work/1.config" \
      >>"$work/merge.b"
  done
  row 'merge, and check of 200 options / merge_config' "$(median <"$work/merge.a")" "$(median <"$work/merge.b")" 'at most 1.2'
}

# All of it, from nothing, without ccache: minutes each.
bench_full() {
  local side
  for side in a b; do
    mkdir -p "$work/full-$side"
    cp "$output/.config" "$work/full-$side/"
    make -C "$tree" O="$work/full-$side" CC="${cc#ccache }" olddefconfig >/dev/null
  done
  seconds "$program" run --quiet "$work/nothing.lua" "$tree" "$work/full-a" "${cc#ccache }" "$(nproc)" all >"$work/full.a"
  seconds make -C "$tree" O="$work/full-b" -j"$(nproc)" CC="${cc#ccache }" >"$work/full.b"
  row 'full build / make -j' "$(cat "$work/full.a")" "$(cat "$work/full.b")" 'at most 1.02'
}

bench_reports() {
  local release boots=${KDEVLUA_BENCH_BOOTS:-20}
  release=$("$program" eval --quiet 'print(kdev.kernel.find().release)')
  cp Tests/System/kdevbreak/{kdevbreak.c,Makefile} "$work/"
  make -C "/lib/modules/$release/build" M="$work" modules >/dev/null
  (cd "$work" && "$program" run --quiet reports.lua "$boots") >"$work/reports"
  awk -v boots="$boots" '$1 == "alarm" { alarms++ } $1 == "late" && $2 > worst { worst = $2 }
    END { printf "an oops is an error %.3f s after its last line at worst (target 1 s); %d false alarms in %d boots\n", worst, alarms, boots }' \
    "$work/reports"
}

bench_kernel() {
  local i rounds=${KDEVLUA_BENCH_ROUNDS:-5} cc tree output jobs
  jobs=$(nproc)
  kernel_scripts
  kernel_tree
  # What an earlier run has touched.
  "$program" run --quiet "$work/nothing.lua" "$tree" "$output" "$cc" "$jobs" all
  for ((i = 0; i < rounds; i++)); do
    seconds "$program" run --quiet "$work/nothing.lua" "$tree" "$output" "$cc" "$jobs" >>"$work/nothing.a"
    seconds make -C "$tree" O="$output" -j"$jobs" CC="$cc" >>"$work/nothing.b"
  done
  row 'kernel.build, nothing to do / make' "$(median <"$work/nothing.a")" "$(median <"$work/nothing.b")" 'at most 1.05'
  bench_merge
  "$program" run --quiet "$work/inner.lua" "$tree" "$output" "$cc" "$rounds" >"$work/inner"
  printf '%-44s %10.4f s %38s\n' 'touch fs/ceph/file.c, to the test in the guest' "$(median <"$work/inner")" '(target 5 s)'
  bench_reports
  if [ -n "${KDEVLUA_BENCH_ALL:-}" ]; then bench_full; fi
}
