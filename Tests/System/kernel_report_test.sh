# What the guest's kernel says of itself when it breaks, and what a script gets of it.
# shellcheck shell=bash

# The module that breaks things, built for the kernel that guests here run, in the shared folder.
break_module() {
  local release
  release=$("$PROGRAM" eval 'print(kdev.kernel.find().release)')
  [ -d "/lib/modules/$release/build" ] || skip "no headers of $release (apt-get install linux-headers-amd64)"
  cp "$(dirname "${BASH_SOURCE[0]}")"/kdevbreak/{kdevbreak.c,Makefile} "$work/share/"
  make -C "/lib/modules/$release/build" M="$work/share" modules >"$work/make.log" 2>&1 || fail "$(tail "$work/make.log")"
}

test_a_script_gets_what_the_guests_kernel_reports() {
  break_module
  cat >"$work/share/break.lua" <<'END'
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.find()
local vm <close> = kdev.vm.launch {
  name = "broken", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M", share = { here = "." },
}
assert(#vm:reports() == 0, "a report of a clean boot")
vm:mount("here", "/mnt")
-- A module that is in use stays, and it is said what uses it; another is reloaded from its file.
local kept, why = pcall(kdev.kernel.reload, { vm = vm, modules = { "9pnet" } })
assert(not kept and why.kind == "busy" and why.stderr:find("here is mounted at /mnt", 1, true), tostring(why))
local files <const> = { kdevbreak = "/mnt/kdevbreak.ko" }
assert(#kdev.kernel.reload { vm = vm, modules = { "kdevbreak" }, files = files }.unloaded == 0)
assert(kdev.kernel.reload { vm = vm, modules = { "kdevbreak" }, files = files }.unloaded[1] == "kdevbreak")
assert(vm:dmesg():find("kdevbreak: nothing", 1, true))
vm:dynamic_debug "module kdevbreak +p"
local trace <const> = vm:ftrace { "true", filter = { "do_exit" } }.trace
assert(trace:find("do_exit", 1, true), trace)
vm:exec { "rmmod", "kdevbreak" }
local function insert(how, on_report)
  local result = table.pack(pcall(vm.exec, vm, { "insmod", "/mnt/kdevbreak.ko", "how=" .. how, on_report = on_report }))
  if how ~= "oops" then vm:exec { "rmmod", "kdevbreak" } end
  return table.unpack(result)
end
-- A warning is the error of what caused it, when that has ended; only a note when asked for so.
local ok, err = insert "warn"
assert(not ok and err.kind == "kernel_warning" and err.report.kind == "warning", tostring(err))
assert(err.report.title == "kdevbreak: a warning was asked for" and err.report.command == "insmod")
assert(err.report.place:find("kdevbreak_init", 1, true) and err.report.text:find("end trace", 1, true))
assert(insert("warn", "warn"))
assert(insert("warn", "oops"))
assert(insert("warn", "ignore"))
-- One error for two reports in a row.
ok, err = insert "atomic"
assert(not ok and err.report.title:find("BUG: scheduling while atomic", 1, true), tostring(err))
-- What is reported while nobody waits is raised by the next call, unless it was asked for.
local waiter <const> = kdev.task.spawn(function() return vm:wait_report { timeout = 20 } end)
ok, err = pcall(vm.exec, vm, { "sh", "-c", "(sleep 1; insmod /mnt/kdevbreak.ko how=oops) > /dev/null 2>&1 &" })
assert(ok, tostring(err))
local report <const> = waiter:await()
assert(report.kind == "oops" and report.fatal and report.place:find "kdevbreak_write", report.text)
assert(vm:exec { "uname" }.stdout == "Linux\n")
assert(#vm:reports() == 7, #vm:reports())
-- A panic ends the guest, and is the error of what waits.
ok, err = pcall(vm.exec, vm, { "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60" })
assert(not ok and err.kind == "kernel_oops" and err.report.kind == "panic", tostring(err))
assert(err.report.title == "Kernel panic - not syncing: sysrq triggered crash")
print "all as wanted"
END
  out=$(kd run break.lua 2>&1) || fail "$out"
  contains "$out" 'all as wanted'
  contains "$out" '! the kernel of the guest broken warned: kdevbreak: a warning was asked for at kdevbreak_init'
  nothing_left
}

test_a_panic_is_the_error_with_its_report_whatever_the_console_shows() {
  cat >"$work/panic.lua" <<'END'
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.find()
local function launch(name, more)
  local options <const> = { name = name, kernel = kernel, initramfs = kdev.kernel.initramfs(kernel), memory = "512M" }
  for field, value in pairs(more) do options[field] = value end
  return kdev.vm.launch(options)
end
local crash <const> = { "sh", "-c", "echo before > /dev/ttyS0; echo c > /proc/sysrq-trigger; sleep 60" }
-- By the console alone: the error has the report, what the console said before it, and the machine's end has it, too.
local vm <close> = launch("plain", {})
local ok, err = pcall(vm.exec, vm, crash)
assert(not ok and err.kind == "kernel_oops" and err.report.kind == "panic", tostring(err))
assert(err.stderr:find("before\n.*sysrq triggered crash"), err.stderr)
local how <const> = vm:wait { timeout = 60 }
assert(how.cause == "panic" and how.report.title == err.report.title, how.cause)
-- Also when nobody wants reports: the guest answers no more.
local silent <close> = launch("silent", { on_report = "ignore" })
ok, err = pcall(silent.exec, silent, crash)
assert(not ok and err.kind == "kernel_oops" and err.report.kind == "panic", tostring(err))
-- By pvpanic, where QEMU stands still and the console says nothing of it.
local paused <close> = launch("paused", {
  pvpanic = true, on_report = "ignore", extra = { "-action", "panic=pause" }, append = { "panic=0" },
})
ok, err = pcall(paused.exec, paused, { "sh", "-c", "dmesg -n 1; echo 0 > /proc/sys/kernel/printk; " .. crash[3] })
assert(not ok and err.kind == "kernel_oops", tostring(err))
assert(paused:status() == "guest-panicked", paused:status())
print("all as wanted", err.message)
END
  out=$(kd run --quiet "$work/panic.lua" 2>&1) || fail "$out"
  contains "$out" 'all as wanted'
  nothing_left
}
