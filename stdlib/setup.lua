#!/usr/bin/env -S kdevlua run
-- The documented set-up of a virtual machine for kernel development, from nothing to a command run in the guest.
-- Comments name the sections of "Kernel Development in Virtual Machines" that the steps automate. Run again, it takes
-- over what is there, and does only what changed. For example, with a kernel that is there; with one that is built and
-- booted, whose module ceph is loaded; and with one of a branch of yours:
--   kdevlua run setup.lua --name work --memory 4G --kernel ~/linux/arch/x86/boot/bzImage --share ~/linux
--   kdevlua run setup.lua --build-kernel
--   kdevlua run setup.lua --branch ceph/wip-mine --net dhcp
-- What depends on the machine or on what is asked for is chosen by fragments: fragments/setup/.
local kdev <const> = require "kdev"
local check <const> = require "kdev.setup.checks"

local opt <const> = kdev.cli.options {
  about = "Sets up a virtual machine for kernel development and runs a command in it.",
  { "name", help = "name of the machine; default: work" },
  { "memory", type = "size", help = "memory of the guest; default: 1G" },
  { "cpus", type = "integer", help = "processors of the guest; default: 1" },
  { "root", value = "initramfs|disk",
    help = "the guest's root; default: initramfs, a small one that is made, or disk with --disk" },
  { "disk", value = "IMAGE", help = "boot the system that is installed on this image, which stays as it is" },
  { "root-device", value = "DEVICE", help = "the root on that image for a kernel of yours; default: /dev/vda1" },
  { "disk-size", type = "size", help = "what the guest sees of its empty disk; default: 20G" },
  { "share", value = "DIR", help = "folder that the guest shares with the host; default: the working folder" },
  { "accel", value = "kvm|tcg", help = "what runs the guest; default: kvm where a guest really runs under it" },
  { "profile", value = "fast|document", choices = { "fast", "document" },
    help = "fast: boot the uncompressed kernel, without a screen; default: document" },
  { "display", value = "vnc|socket|none", help = "the screen; default: vnc, or none with --profile fast" },
  { "vnc", type = "integer", value = "N", help = "VNC display on 127.0.0.1; default: a free one" },
  { "net", value = "tap|dhcp|user|passt",
    help = "the network; default: tap where one can be made; dhcp: a tap with DHCP, DNS and a way out" },
  { "vhost", value = "on|off",
    help = "who moves a tap's packets, the host's kernel or QEMU; default: on where /dev/vhost-net is" },
  { "bridge", help = "bridge for the tap; default: virbr0" },
  { "tap", help = "name of the tap; default: tap-NAME" },
  { "forward", type = "list", value = "PORT:PORT,...",
    help = "ports of 127.0.0.1 and of the guest: 8080:80,udp:5353:53; web:80 takes a free one" },
  { "kernel", value = "WHICH", help = "a bzImage or vmlinux; stock (default): the newest of /boot with 9p or Debian's"
    .. "; or one to build: testing, wip, distribution" },
  { "build-kernel", type = "flag", help = "build the kernel: get its source, configure, compile and boot it" },
  { "branch", value = "REF", help = "build this branch, tag or commit: ceph/wip-mine, torvalds/master, v6.12" },
  { "tree", value = "DIR", help = "build this tree; with --branch: the repository; default: linux in the share" },
  { "archive", value = "FILE", help = "build the source in this archive" },
  { "remote", type = "list", value = "NAME=URL,...", help = "the repository's remotes; default: torvalds and ceph" },
  { "depth", type = "integer", help = "how many commits to fetch; default: all" },
  { "no-fetch", type = "flag", help = "build what was fetched before" },
  { "output", value = "DIR", help = "where it is built; default: in linux-build of the share, or a configured tree" },
  { "kernel-config", value = "WHICH", help = "small (default), guest, distribution, defconfig, tree, or a file" },
  { "fragment", type = "list", value = "NAME,...", help = "options to merge: debug, kasan, lockdep, xfs, ./my.config" },
  { "strict", type = "flag", help = "an option that did not stick is an error" },
  { "compiler", value = "ccache|gcc|clang",
    help = "what compiles the kernel; default: gcc, through ccache where it is" },
  { "jobs", type = "integer", help = "how many compilers at once; default: by processors and memory" },
  { "ceph", value = "off|fs|rbd|debug", help = "the module to load in the guest; default: fs when a kernel is built" },
  { "boot-timeout", value = "TIME", help = "how long the guest may take to answer; default: 120s" },
  { "restart", type = "flag", help = "start a machine anew that runs otherwise than asked for; implied by a build" },
  { "keep", type = "flag", help = "leave what was made in place when a step fails" },
  { "show-config", type = "flag", help = "print the configuration and where each value comes from, and make nothing" },
}

local function wrong(text)
  io.stderr:write("setup.lua: ", text, "\n")
  os.exit(2)
end

-- What was asked for, for the fragments' scripts: the options, and what follows from several of them.
local asked <const> = {}
for name, value in pairs(opt) do asked[name] = value end
local machine_name <const>, shared <const> = opt.name or "work", opt.share or "."
asked.name = machine_name
local function is_file(text) return text ~= nil and (text:find("/", 1, true) ~= nil or kdev.fs.is_file(text)) end
if is_file(opt.kernel) then asked.image = opt.kernel end
if is_file(opt.kernel_config) then asked.config_file = opt.kernel_config end
asked.build_kernel = opt.build_kernel or not asked.image and opt.kernel ~= nil and opt.kernel ~= "stock"
for _, name in ipairs { "branch", "tree", "archive", "output", "kernel_config", "compiler" } do
  asked.build_kernel = asked.build_kernel or opt[name] ~= nil
end
asked.build_kernel = asked.build_kernel or #opt.fragment > 0
if asked.build_kernel and (asked.image or opt.kernel == "stock") then
  wrong("--kernel " .. opt.kernel .. " is there already; there is nothing to build")
end
if opt.archive and (opt.branch or opt.tree) then
  wrong "--archive is a source by itself, without --branch and --tree"
end
if opt.tree and not opt.branch and not kdev.fs.is_dir(opt.tree) then wrong("there is no folder " .. opt.tree) end
asked.configured = opt.tree ~= nil and kdev.fs.is_file((opt.output or opt.tree) .. "/.config")

local forward
for _, text in ipairs(opt.forward) do
  local outside <const>, inside <const> = text:match "^(.+):(%d+)$"
  if not outside or outside == "udp" or outside == "tcp" then
    wrong("--forward " .. text .. " is not of the form PORT:PORT, udp:PORT:PORT or NAME:PORT")
  end
  forward = forward or {}
  if forward[outside] then wrong(("--forward %s: %s leads to %d already"):format(text, outside, forward[outside])) end
  forward[outside] = math.tointeger(inside)
end
local remotes
for _, text in ipairs(opt.remote) do
  local remote <const>, address <const> = text:match "^([^=]+)=(.+)$"
  if not remote then wrong("--remote " .. text .. " is not of the form NAME=URL") end
  remotes = remotes or {}
  remotes[remote] = address
end

-- What the machine has. A kernel that is yet to be built is too late to try a guest under KVM: another one does that.
local stock
local function find_stock()
  if not stock then
    local kernel <const> = kdev.kernel.find { path = asked.image }
    stock = { kernel = kernel, initramfs = kdev.kernel.initramfs(kernel) }
  end
  return stock
end
local needs_kernel <const> = not asked.build_kernel and not asked.disk
if needs_kernel or asked.image or opt.accel ~= "tcg" and kdev.fs.exists "/dev/kvm" then find_stock() end
local host <const> = kdev.host.facts(stock)
if needs_kernel then host.kernel = stock.kernel.path end

local before = kdev.vm.running()[machine_name]
host.machine = before ~= nil

local clone <const> = opt.tree or shared .. "/linux"
-- Whether a repository has a branch, tag or commit. One may be there that nothing was fetched into yet.
local function is_fetched(path, checkout)
  return kdev.fs.exists(path .. "/.git") and kdev.proc.run({
    "git", "-C", path, "rev-parse", "--quiet", "--verify", "--end-of-options", checkout .. "^{commit}",
    check = false, query = true,
  }).status == 0
end
local ceph <const> = remotes and remotes.ceph or "https://github.com/ceph/ceph-client.git"
host.ceph_client = {
  works = false, reached = false, because = "nobody asked " .. ceph .. ": that takes --build-kernel",
}
if asked.build_kernel and not (opt.branch or opt.tree or opt.archive or opt.kernel == "distribution") then
  local answered <const>, answer <const> = pcall(kdev.proc.run, {
    "git", "ls-remote", "--exit-code", ceph, "refs/heads/testing",
    timeout = "20s", check = false, query = true, env = { GIT_TERMINAL_PROMPT = "0" },
  })
  local is_reached <const> = answered and answer.status == 0
  local why <const> = answered and answer.stderr:match "[^\n]+" or "no answer within 20 s"
  host.ceph_client = { works = is_reached or is_fetched(clone, "ceph/testing"), reached = is_reached, because = why }
end

-- Of several choices that cannot be made the first is the error; nothing is made before all of them are.
local forced <const> = {
  accel = opt.accel, net = opt.net, vhost = opt.vhost, display = opt.display, root = opt.root, ceph = opt.ceph,
  compiler = opt.compiler, kernel = asked.image and "image" or opt.kernel,
  kernel_config = asked.config_file and "file" or opt.kernel_config,
}
-- What was asked for counts more than any fragment.
local over <const> = {}
local function put(origin, value, ...)
  if value == nil then return end
  local config = value
  for place = select("#", ...), 1, -1 do config = { [select(place, ...)] = config } end
  over[#over + 1] = { origin = origin, config = config }
end
put(opt.name and "--name" or "default", machine_name, "name")
put(opt.share and "--share" or "default", shared, "share")
for _, option in ipairs {
  "memory", "cpus", "disk", "root-device", "disk-size", "profile", "vnc", "bridge", "tap", "boot-timeout",
} do
  local key <const> = option:gsub("-", "_")
  put("--" .. option, opt[key], key)
end
put("--forward", forward, "forward")
put("--remote", remotes, "kernel", "source", "remotes")
put("--depth", opt.depth, "kernel", "source", "depth")
if opt.no_fetch then put("--no-fetch", false, "kernel", "source", "fetch") end
put("--output", opt.output, "kernel", "output")
put("--jobs", opt.jobs, "kernel", "jobs")
if opt.strict then put("--strict", true, "kernel", "strict") end
if #opt.fragment > 0 then put("--fragment", opt.fragment, "kernel", "config", "fragments") end
if opt.restart then put("--restart", true, "restart") end
if opt.keep then put("--keep", true, "keep") end

local choice <const> = kdev.merge.choose {
  fragments = "setup", globals = { host = host, asked = asked }, forced = forced, over = over,
}
local chosen, forced_by <const> = {}, {}
for _, facet in ipairs(choice.facets) do
  chosen[facet.name] = facet.chosen
  if facet.forced then forced_by[facet.path] = "--" .. facet.name:gsub("_", "-") end
  for _, reason in ipairs(facet.rejected) do
    -- What an option decided needs no words.
    if not reason:find "^%-%-" then kdev.ui.note(reason .. "; taking " .. facet.name .. " " .. facet.chosen) end
  end
end
local config <const> = choice.config
local origins <const> = choice.origins

-- What follows from the choices, unless one of them has said it.
local function default(value, ...)
  local at, path <const> = config, { ... }
  for place = 1, #path - 1 do at = at[path[place]] end
  if at[path[#path]] ~= nil then return end
  at[path[#path]] = value
  origins[#origins + 1] = { path = table.concat(path, "."), value = kdev.json.encode(value), origin = "default" }
end
local tap <const> = "tap-" .. config.name
-- Of a longer name kdev.net.tap makes one that Linux takes.
if config.net == "tap" and #tap <= 15 then default(tap, "tap") end
local source <const> = config.kernel.source
if source then
  if source.checkout then default(clone, "kernel", "source", "path") end
  if not asked.configured then
    default(("%s/linux-build/%s-%s"):format(config.share, chosen.kernel, chosen.kernel_config), "kernel", "output")
  end
end

-- All that a configuration can say. A team whose set-up reads more adds it here.
local keys <const> = {
  "name", "share", "memory", "cpus", "profile", "boot_timeout", "accel", "cpu", "append", "display", "vnc",
  "root", "disk", "disk_size", "root_device", "modules", "dynamic_debug", "restart", "keep", "teuthology",
  "net", "bridge", "tap", "forward", "dhcp", "masquerade", "vhost",
  kernel = {
    "path", "output", "jobs", "strict", "llvm", "ccache",
    source = { "path", "checkout", "remotes", "fetch", "depth", "blobless", "worktree", "archive", "package" },
    config = { "base", "fragments", "options", "localmodconfig", "anew" },
  },
}
-- What of the machine is known before anything is made.
local machine <const> = {
  name = config.name, memory = config.memory, cpus = config.cpus, accel = config.accel, cpu = config.cpu,
  profile = config.profile, vhost = config.vhost, share = { hostshare = config.share },
  boot_timeout = config.boot_timeout,
}
if config.display == "none" then
  machine.vnc = false
elseif config.display == "socket" then
  machine.vnc = { socket = true }
elseif config.vnc ~= "free" then
  machine.vnc = config.vnc
end
local mistake <const> = check(choice, keys, machine, forced_by)
if mistake then wrong(mistake) end

if opt.show_config then
  local lines <const> = {}
  -- What a fragment has taken from an option.
  local given <const> = {
    ["kernel.source.checkout"] = "branch", ["kernel.source.path"] = "tree", ["kernel.source.archive"] = "archive",
  }
  for _, value in ipairs(origins) do
    if not value.path:find "^teuthology%." then
      local option <const> = given[value.path]
      local is_given <const> = option and value.value == kdev.json.encode(opt[option] or false)
      local by <const> = is_given and "--" .. option or forced_by[value.origin]
      lines[#lines + 1] = {
        value.path .. ": " .. value.value, "# " .. value.origin .. (by and ", by " .. by or ""),
      }
    end
  end
  kdev.ui.table(lines)
  return
end

if opt.no_fetch and not is_fetched(source.path, source.checkout) then
  local what <const> = source.checkout .. " was not fetched yet to " .. source.path
  wrong("--no-fetch builds what was fetched before, and " .. what)
end

local setup <close> = kdev.transaction.begin { name = config.name, keep = config.keep } -- luacheck: ignore setup

local function kind_of(err) return (type(err) == "table" or type(err) == "userdata") and err.kind end
-- Ends with an error, before which it says what of the set-up mends it.
local function fail(err, advice)
  local text <const> = advice[kind_of(err)]
  if text then kdev.ui.note(text) end
  error(err, 0)
end

-- Disk and network come before the kernel: what the host refuses is found before the minutes of a build.
-- "Download the ISO and Create a Virtual Disk": one that is empty beside the small root, or the installed one.
local has_disk <const>, disk = pcall(function()
  local base <const> = config.root == "disk" and kdev.disk.image { path = config.disk }
    or kdev.disk.create { path = config.name .. "-base.qcow2", size = config.disk_size }
  -- "Differential Copies with QCOW2 and qemu-img"
  return kdev.disk.overlay { path = config.name .. ".qcow2", backing = base }
end)
if not has_disk then
  fail(disk, { conflict = ("kdevlua down --disks %s removes the disks, and what is on them"):format(config.name) })
end

local net
if config.net == "tap" then
  -- "Configure the TAP Interface with a Bridge", "Create a TAP Interface", "Sepia Access and DNS Resolution"
  local bridge <const> = kdev.net.bridge { name = config.bridge, dhcp = config.dhcp, masquerade = config.masquerade }
  net = kdev.net.tap { name = config.tap, bridge = bridge }
elseif config.net == "passt" then
  net = kdev.net.passt { forward = config.forward }
else
  net = kdev.net.user { forward = config.forward }
end

-- "Build the Kernel": "Clone the Git Repository" into the shared folder, "Configure the Kernel", "Build the Kernel".
local stuck = {}
-- The machine that runs already: asked for its configuration, and ended for the new one.
local former
local function former_machine()
  former = former or kdev.vm.get(config.name)
  return former
end
local function build(wanted)
  local tree <const> = kdev.kernel.source(wanted.source)
  if kdev.ui.dry_run() and not kdev.fs.is_dir(tree.path) then
    kdev.ui.note "the dry run ends here: what comes next depends on the source"
    return nil
  end
  local output <const> = wanted.output
  local configure <const> = wanted.config or {}
  -- A configuration that was taken from the guest stays: the guest runs this kernel now.
  local is_taken <const> = output ~= nil and kdev.fs.is_file(output .. "/.config")
  for _, name in ipairs { "base", "localmodconfig" } do
    if configure[name] == "machine" then configure[name] = not is_taken and former_machine() or nil end
  end
  configure.tree, configure.output, configure.jobs = tree, output, wanted.jobs
  configure.llvm, configure.ccache = wanted.llvm, wanted.ccache
  configure.strict = wanted.strict
  stuck = kdev.kernel.configure(configure).stuck
  return kdev.kernel.build {
    tree = tree, output = output, jobs = wanted.jobs, llvm = wanted.llvm, ccache = wanted.ccache,
  }
end

local kernel, initramfs
if config.kernel.source then
  kernel = build(config.kernel)
  if not kernel then return end
  if config.root == "initramfs" then initramfs = kdev.kernel.initramfs(kernel) end
elseif config.root == "initramfs" or config.kernel.path then
  local found <const> = find_stock()
  kernel = found.kernel
  if config.root == "initramfs" then
    initramfs = config.modules and kdev.kernel.initramfs(kernel, { modules = config.modules }) or found.initramfs
  end
end

-- "Launch the QEMU VM with TAP and vhost"
local append <const> = config.append or {}
if kernel and not initramfs then append[#append + 1] = "root=" .. config.root_device .. " rw" end
local has_agent <const> = config.root == "initramfs"
-- The modules of a kernel that was built: rebuilt ones are reloaded from there.
local has_modules <const> = has_agent and config.kernel.source ~= nil and kernel.modules ~= nil
if has_modules then machine.share.modules = { path = kernel.modules:match "^(.*)/", read_only = true } end
machine.kernel, machine.initramfs, machine.append = kernel, initramfs, kernel and append or nil
machine.disks, machine.net = { disk }, net
machine.wait = has_agent and "agent" or "none"
local launched, vm = pcall(kdev.vm.launch, machine)
if not launched and before and (config.restart or config.kernel.source) and kind_of(vm) == "conflict" then
  kdev.ui.note(vm.message .. "; it is started again")
  former_machine():stop()
  before = nil
  launched, vm = pcall(kdev.vm.launch, machine)
end
if not launched then
  fail(vm, {
    conflict = before and "--restart starts the machine anew", timeout = "--boot-timeout gives the guest longer",
  })
end
local was_running <const> = before ~= nil and before == vm.pid

local function report(release)
  if release then print("guest    " .. release) end
  if config.kernel.source then
    local done <const> = (kernel.steps or 0) == 0 and "nothing to build" or ("built in %.0f s"):format(kernel.seconds)
    print(("kernel   %s, %s; %d options did not stick"):format(kernel.image or kernel.path, done, #stuck))
  end
  if has_agent then
    print("share    " .. kdev.fs.absolute(config.share) .. " is /mnt/host in the guest: written and read both ways")
  end
  if config.modules then print("modules  " .. table.concat(config.modules, ", ")) end
  print("address  " .. (vm.address or "none"))
  for name, port in pairs(config.forward and net.ports or {}) do
    print(("forward  127.0.0.1:%d to the guest's port %d"):format(port, config.forward[name]))
  end
  if vm.vnc then
    print(("VNC      127.0.0.1:%d (port %d)"):format(vm.vnc, 5900 + vm.vnc))
  elseif vm.vnc_socket then
    print("VNC      " .. vm.vnc_socket)
  end
  print("console  " .. vm.console_log)
  print("go on    " .. arg[-1] .. (has_agent and " exec " .. config.name .. " uname -a" or " console " .. config.name))
  print("stop     " .. arg[-1] .. " down " .. config.name)
end

-- An installed system without kdevlua's agent is left to its user.
if not has_agent then
  if not kdev.ui.dry_run() then report() end
  return
end

-- The 9p share, written and read from both sides.
vm:mount("hostshare", "/mnt/host")
local note <close> = kdev.fs.temporary { folder = config.share, content = "from the host\n" }
local script <const> = 'cat "$1" && echo from the guest > "$1"'
local seen <const> = vm:exec { "sh", "-c", script, "sh", "/mnt/host/" .. note.name }.stdout
local release <const> = vm:exec { "uname", "-r" }.stdout

-- Reloads what the guest has loaded of another build: of the modules, and of those that they need. Who built it, and
-- when, does not count: an interrupted run or make itself may have.
local function reload_stale(names)
  local built <const> = require "kdev.kernel.built_modules"(kernel.output)
  local known <const>, stale <const> = {}, {}
  for _, name in ipairs(names) do
    -- What has no file is built in.
    if built.files[name:gsub("-", "_")] then known[#known + 1] = name end
  end
  local all <const> = built.with_dependencies(known)
  local states <const> = built.compare(vm, all)
  for _, name in ipairs(all) do
    local is_stale <const> = states[name] == "other" or states[name] == "unknown" and (kernel.steps or 0) > 0
    if is_stale then stale[#stale + 1] = name end
  end
  if #stale > 0 then kdev.kernel.reload { vm = vm, modules = stale } end
end

-- "Install Modules on the Guest": over a share. A module may be reloaded without a reboot.
if has_modules then vm:mount("modules", "/lib/modules") end
if config.modules then
  if was_running and has_modules and not kdev.ui.dry_run() then reload_stale(config.modules) end
  for _, name in ipairs(config.modules) do
    kdev.ui.step("modprobe " .. name, function()
      vm:exec { "sh", "-c", '[ -d /sys/module/"$1" ] || modprobe "$1"', "sh", name }
    end)
  end
  for _, query in ipairs(config.dynamic_debug or {}) do vm:dynamic_debug(query) end
end
if kdev.ui.dry_run() then return end
assert(seen == "from the host\n" and note:read() == "from the guest\n", "the share does not work both ways")
report((release:gsub("\n", "")))
