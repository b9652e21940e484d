---@meta kdev.vm

--- Virtual machines, over qemu-system-x86_64(1).
---@class kdev.vm
local vm = {}

---@class kdev.vm.LaunchOptions
---@field name string Letters, digits and "-", 32 at most.
---@field kernel? kdev.Kernel Default: none; the firmware boots from a disk, the CD-ROM or the network.
---@field initramfs? string
---@field memory? string|integer Bytes, or a text such as "2G". Default "1G".
---@field cpus? integer Default 1.
---@field accel? "kvm"|"tcg" Default "tcg".
---@field profile? "fast"|"document" "fast" boots the uncompressed kernel on a machine without default devices and without a screen; "document" is QEMU's plain line, with the guest's terminal on the VNC display. Default: "document" when `vnc` is given, else "fast".
---@field cpu? string As QEMU's -cpu takes it. Default: "host" with kvm; with tcg "qemu64" in the fast profile, else "max".
---@field machine? string As QEMU's -machine takes it. Default "pc".
---@field disks? (kdev.Disk|kdev.vm.DiskOptions)[] A disk alone is a virtio one: /dev/vda and so on.
---@field cdrom? string An image in a CD-ROM drive.
---@field boot? string What the firmware tries, as QEMU's -boot order= takes it: "c" disk, "d" CD-ROM, "n" network, one after the other. Default: the firmware's.
---@field reboot? boolean Whether a guest that reboots starts again, instead of ending its machine. Default: true without a kernel, so that a panic ends a machine with one.
---@field net? kdev.Tap|kdev.UserNetwork|kdev.LinkEnd|kdev.vm.CardOptions|(kdev.Tap|kdev.UserNetwork|kdev.LinkEnd|kdev.vm.CardOptions)[] A card, or several. Default: none.
---@field vhost? boolean Move a tap's packets in the host's kernel. Default false.
---@field address? string What the guest's init configures: "ADDRESS/PREFIX,GATEWAY,DNS" or "dhcp". Default: for a tap in a bridge that was made here, a free address in it; for another bridge, dhcp; for user networking, QEMU's. It is the first card's.
---@field share? table<string, string|kdev.vm.ShareOptions> Folders of the host by the tag that the guest mounts them with.
---@field vnc? integer|boolean|kdev.vm.VNCOptions The display on 127.0.0.1; false is no display. Default: a free one.
---@field gdb? boolean|integer QEMU's gdb stub: true is a Unix socket, a number a port on 127.0.0.1. Default: none.
---@field consoles? ("serial"|"virtio")[] Consoles besides the first, behind Unix sockets: /dev/ttyS2 and /dev/ttyS3, or /dev/hvc0 and so on.
---@field numa? kdev.vm.NodeOptions[] NUMA nodes, which together have the machine's memory and processors.
---@field rng? boolean A source of entropy. Default true.
---@field pvpanic? boolean Let the guest say that its kernel panicked: an event GUEST_PANICKED. Then a panic is the error of what waits also when the console does not show it, or QEMU stands still after it. Default false.
---@field vsock? integer The guest's context identifier, 3 at least. Needs /dev/vhost-vsock.
---@field paused? boolean Stand still before the first instruction, until `vm:resume()`. Default false.
---@field append? string[] Words for the kernel's command line.
---@field extra? string[] Arguments for QEMU. Options, devices and their properties that it does not have are refused.
---@field agent? "kdevlua"|"qemu" Who runs programs in the guest: kdevlua's agent, which the default guest has; or QEMU's, which a system has that the package qemu-guest-agent is installed in. Default "kdevlua".
---@field wait? "agent"|"none" What the launch waits for: the agent in the guest, or nothing but QEMU. Default: "agent" with a kernel or when `agent` is given, else "none".
---@field on_report? "error"|"oops"|"warn"|"ignore" What becomes of a report of the guest's kernel while a script waits for the guest: an error; an error when the kernel is broken, and else a warning; a warning; nothing. Default "error".
---@field boot_timeout? string|number Until the guest answers: seconds, or a text such as "90s". Default 120.

---@class kdev.vm.DiskOptions
---@field disk kdev.Disk
---@field interface? "virtio"|"scsi"|"nvme"|"ide" The device: /dev/vda, /dev/sda, /dev/nvme0n1, or /dev/sda again. Default "virtio".
---@field cache? "none"|"writeback"|"writethrough"|"directsync"|"unsafe" How the host's page cache is used. Default "writeback".
---@field discard? boolean Give what the guest discards back to the host's file system. Default false.
---@field read_only? boolean Default false. Not for IDE, which knows none.
---@field serial? string What the guest finds it by in /dev/disk/by-id: 20 bytes at most.

---@class kdev.vm.ShareOptions
---@field path string
---@field security? "none"|"passthrough"|"mapped-xattr"|"mapped-file" How owners and rights of the guest's files are kept: as QEMU's user can; as the guest says, for which QEMU has to be root; in extended attributes; in files beside them. Default "none".
---@field read_only? boolean Default false.
---@field driver? "9p"|"virtiofs" By QEMU itself, or by a virtiofsd, which keeps what was read in the guest; the machine then cannot be saved, has no `security` and no `read_only`, the guest needs the module virtiofs (`kdev.kernel.initramfs(kernel, { modules = { "virtiofs" } })`), and the virtiofsd of Debian 12 needs root. Default "9p".

---@class kdev.vm.VNCOptions
---@field display? integer The display on 127.0.0.1. Default: a free one.
---@field socket? boolean A Unix socket instead of a port: `vm.vnc_socket`. Default false.
---@field password? string 8 bytes at most. QEMU gets it over QMP; it is in no command line and no file. It counts anew with each launch, also of a machine that runs.

---@class kdev.vm.NodeOptions
---@field memory string|integer Bytes, or a text such as "512M".
---@field cpus? integer How many of the machine's processors; the first node has the first ones. Default 0.

---@class kdev.vm.CardOptions
---@field net kdev.Tap|kdev.UserNetwork|kdev.LinkEnd
---@field model? string A device of QEMU's: "e1000", "rtl8139". Default "virtio-net-pci".
---@field mac? string Default: one made from the machine's name, the same each time.
---@field vhost? boolean As in the launch, for this card.

---@class kdev.vm.ExecOptions
---@field [integer] string The program and its arguments, any bytes.
---@field cwd? string The working folder in the guest. Default "/".
---@field env? table<string, string> Variables added to the guest's.
---@field stdin? string|kdev.vm.InputFile The standard input: bytes, or a file of the host, which may be larger than memory. Default: none.
---@field stdout? "capture"|"inherit"|"discard"|fun(line: string)|kdev.vm.OutputFile Where the standard output goes, as it comes: into the result, to where kdevlua's own goes, nowhere, to a function, or into a file of the host. Default "capture": it comes at the end, and is kept in the guest's memory until then.
---@field stderr? "capture"|"inherit"|"discard"|"stdout"|fun(line: string)|kdev.vm.OutputFile The same for the standard error; "stdout": to where the standard output goes. Default "capture".
---@field timeout? string|number Seconds, or a text such as "90s"; the program is killed when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.
---@field on_report? "error"|"oops"|"warn"|"ignore" What becomes of a report of the guest's kernel, as with kdev.vm.launch: an error; an error when the kernel is broken, and else a warning; a warning; nothing. Default: what the machine was launched with.

---@class kdev.vm.DmesgOptions
---@field clear? boolean Empty the log after it. Default false.

---@class kdev.vm.FtraceOptions
---@field [integer] string The program to trace, and its arguments.
---@field tracer? string As the kernel's available_tracers names it: "function", "function_graph", or "nop" for events alone. Default "function".
---@field filter? string[] The functions to trace, with "*": { "ceph_*" }. Default: all, which is much.
---@field events? string[] Events to record besides: { "sched:sched_switch", "ceph:*" }.
---@field timeout? string|number Seconds, or a text such as "90s"; the program is killed when it passes.

---@class kdev.vm.FtraceResult
---@field status integer
---@field stdout string
---@field stderr string
---@field trace string What was recorded.

---@class kdev.vm.GdbOptions
---@field vmlinux? string The kernel with symbols. Default: that of the build tree that the machine's kernel is in.
---@field commands string[] What gdb does before it leaves: { "bt", "lx-dmesg" }. The kernel's scripts are loaded where it was built with CONFIG_GDB_SCRIPTS.
---@field kgdb? boolean By the kernel's own kgdb on the second serial line, instead of QEMU's stub. The kernel needs the fragment kgdb. Default false.
---@field timeout? string|number Seconds, or a text such as "90s". Default 120.

---@class kdev.vm.WaitReportOptions
---@field timeout? string|number Seconds, or a text such as "90s". Default: none.

--- What the guest's kernel reported on its console. Also `err.report` of an error.
---@class kdev.KernelReport
---@field kind "oops"|"bug"|"panic"|"warning"|"lockdep"|"kasan"|"kfence"|"kcsan"|"kmsan"|"ubsan"|"rcu_stall"|"hung_task"|"soft_lockup"|"hard_lockup"
---@field title string The line that says what happened.
---@field place? string The function, offset and module: "ceph_mount+0x10/0x20 [ceph]".
---@field command? string The process that ran.
---@field pid? integer
---@field time? number Seconds since the guest's boot.
---@field fatal boolean Whether what ran is lost: an oops, a BUG(), a panic.
---@field text string The whole report.
---@field decoded? string The report with files and lines, by scripts/decode_stacktrace.sh of the kernel's tree; nil where the kernel is of no build tree.

---@class kdev.vm.InputFile
---@field file string A file of the host.

---@class kdev.vm.OutputFile
---@field file string A file of the host; it is made when it is not there.
---@field append? boolean Write at its end. Default false: what it had before is gone.

---@class kdev.vm.SSHOptions
---@field [integer] string The program and its arguments.
---@field stdin? string The standard input. Default: none.
---@field timeout? string|number Seconds, or a text such as "90s"; ssh is ended when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.

---@class kdev.vm.ConsoleOptions
---@field from? "now"|"start" "start" begins with all that the console has said since the machine's start. Default "now".
---@field timestamps? boolean Put the time at which it came before each line, such as "[2026-11-29 20:15:03.042] ". Patterns of `expect` meet it, too. Default false.

---@class kdev.vm.ExpectOptions
---@field timeout? string|number Seconds, or a text such as "90s". Default 30.
---@field plain? boolean Take the pattern as a text. Default false.

---@class kdev.vm.CopyOptions
---@field timeout? string|number Seconds, or a text such as "90s". Default: none.

---@class kdev.vm.Result
---@field status integer The exit status; 128 + N when signal N ended it.
---@field stdout string Empty when it went elsewhere.
---@field stderr string Empty when it went elsewhere.

---@class kdev.vm.CloneOptions
---@field name string Letters, digits and "-", 32 at most: the clone's name and its guest's host name.
---@field net? kdev.Tap|kdev.UserNetwork|kdev.vm.CardOptions The template has to have a card. Default: the card, if there is one, leads nowhere.
---@field vhost? boolean Move a tap's packets in the host's kernel. Default false.
---@field address? string As for `launch`.
---@field share? table<string, string> Folders of the host instead of the template's, by its tags.
---@field vnc? integer The display on 127.0.0.1. Default: a free one.
---@field boot_timeout? string|number Until the guest answers: seconds, or a text such as "90s". Default 30.

--- A saved state of a machine in its disk.
---@class kdev.vm.Snapshot
---@field name string
---@field date integer When it was made: seconds since 1970.
---@field size integer Bytes of memory and devices.

--- A saved guest that clones go on from.
---@class kdev.Template: userdata
---@field name string
---@field release string The guest's `uname -r`.
---@field path string The folder of its files.
local Template = {}
--- A reader and writer of a guest's serial console.
---@class kdev.Console: userdata
local Console = {}

--- Types into the console; a command ends with "\n". Errors: "busy" when another program holds the console's socket, "guest" when the
--- machine has ended.
---@param text string
function Console:write(text) end

--- What was said and not yet read.
---@param options? kdev.vm.WaitOptions
---@return string? # nil when the machine has ended, or nothing came in time.
function Console:read(options) end

--- The lines that come, without their ends, for `for line in console:lines() do`; ends with the machine.
---@return fun(): string?
function Console:lines() end

--- Waits until the console says what matches. What is up to the end of the match counts as read. Errors: "timeout" with what was
--- said instead, "guest" when the machine ends before.
---@param pattern string A pattern of Lua.
---@param options? kdev.vm.ExpectOptions
---@return string # What matched; its captures follow, and what was before it comes last.
---@return string ...
function Console:expect(pattern, options) end

--- A running machine. `<close>` stops it.
---@class kdev.Machine: userdata
---@field name string
---@field release? string The guest's `uname -r`; nil in a dry run.
---@field address? string Where the guest is reached from this host: an address, or "127.0.0.1:PORT" for its ssh port.
---@field vnc? integer The VNC display on 127.0.0.1.
---@field pid? integer QEMU's process.
---@field vnc_socket? string The Unix socket of the display, when it has one.
---@field gdb_stub? string What gdb's `target remote` takes.
---@field consoles string[] The Unix sockets of the consoles besides the first.
---@field command_line? string[] QEMU's argument vector.
---@field shares table<string, string> The folders of the host that the guest can mount, by tag.
---@field console_log string The file that the guest's serial console is written to.
local Machine = {}

--- Starts a machine, detached from the terminal, and waits until its guest answers, or as `wait` says. One of that name that runs with the
--- same options is taken over. Errors: "conflict" when one runs with others, "busy" when a disk, tap or display is in use,
--- "kernel_oops" when the kernel panics, "timeout" when the guest never answers, both with the console's last lines.
---@param options kdev.vm.LaunchOptions
---@return kdev.Machine
function vm.launch(options) end

--- The line that `launch` would start QEMU with. Nothing is made, and a machine that runs is not looked at.
---@param options kdev.vm.LaunchOptions
---@return string[]
function vm.command_line(options) end

--- A running machine by name. A guest talks to one program at a time: while another kdevlua does, this waits. In one program a
--- machine is the same one, however often it is had or launched. Errors: "invalid" when none of that name runs, "busy".
---@param name string
---@return kdev.Machine
function vm.get(name) end

--- The machines that run: QEMU's process by the machine's name. None of their guests is spoken to, as `get` does.
---@return table<string, integer>
function vm.running() end

--- Boots a machine once and saves its state, from which clones go on in a fraction of a boot. It is kept in the cache, and
--- found there the next time as long as all that it depends on is the same: the options, `prepare`, the files of kernel,
--- initramfs and disks, and QEMU. Of `net` only counts that there is one, and a stub for gdb is on a socket of each clone's own.
--- One of that name that is another is replaced.
--- Errors: as `launch`; "command" when a program of `prepare` fails; "invalid" for what cannot be saved: NVMe disks, shares by virtiofs.
---@param options kdev.vm.LaunchOptions The name is the template's, 20 characters at most.
---@param prepare? string[][] Programs to run in the guest before it is saved, each with its arguments.
---@return kdev.Template
function vm.template(options, prepare) end

--- The templates in the cache, by name.
---@return kdev.Template[]
function vm.templates() end

--- Starts a machine that goes on where the template was saved. It has the template's memory, of which it keeps only what
--- it changes, and an overlay over each of its disks, which goes with it. Its name, card's address, clock and random
--- numbers are its own, and the shares that were mounted are mounted. What the guest made up before it was saved it has in
--- common with all clones: its boot id, and the keys and places in memory of programs that ran. One of that name that
--- runs as wanted is taken over. Errors: as `launch`; "invalid" for a network or tag that the template has not.
---@param options kdev.vm.CloneOptions
---@return kdev.Machine
function Template:clone(options) end

--- Removes the template from the cache. Clones that run go on.
function Template:remove() end

--- Saves the machine as it runs in its first qcow2 disk, with the state of all its disks. It stands still meanwhile. As QEMU
--- saves no machine that has a 9p share mounted, the guest unmounts its shares before, and mounts them again after. Errors:
--- "invalid" when it has no disk, or one that is not qcow2, "conflict" when there is one of that name, "busy" when a share
--- is in use.
---@param name string Letters, digits, "-", "_" and ".", 64 at most.
function Machine:snapshot(name) end

--- Goes back to a saved state. What the guest did since is lost; programs that run in it end with an error "guest". Its
--- clock is set, its random numbers are fresh, and its shares are mounted. Errors: "missing" when there is none of that
--- name, "command" when QEMU cannot load it: then the machine goes on as it was.
---@param name string
function Machine:restore(name) end

--- The saved states in the machine's disks, the oldest first.
---@return kdev.vm.Snapshot[]
function Machine:snapshots() end

--- Deletes a saved state. Errors: "missing" when there is none of that name.
---@param name string
function Machine:delete_snapshot(name) end
--- Writes a file for ssh's `Include`: with it, `ssh kd-NAME` reaches each machine that runs and has a known address. Puts keys into
--- the guests. Once it is there, each machine that is launched or stopped changes it.
---@return string # The file's path.
function vm.ssh_config() end

--- Runs a program in the guest and waits for its end. When the guest's kernel reports something meanwhile, or has since the last
--- call, that is an error: "kernel_oops" for an oops, BUG(), panic, lock-up, stall or hung task, at once; "kernel_warning" for a
--- warning, lockdep or a sanitizer, when the program has ended. `err.report` is the report. Errors: "command" for a status other
--- than 0, "timeout", "guest" when the guest ends.
---@param options kdev.vm.ExecOptions
---@return kdev.vm.Result
function Machine:exec(options) end

--- Mounts a share in the guest: `mount -t 9p -o trans=virtio TAG DIRECTORY`, or `mount -t virtiofs`. No error when it is mounted there already.
---@param tag string
---@param directory string It is made.
function Machine:mount(tag, directory) end

--- Executes a QMP command. Errors: "command" with QEMU's words when it refuses, "guest" when the machine has ended.
---@param command string Its name in QEMU's QMP reference, such as "query-block".
---@param arguments? table<string, any> Its arguments by name.
---@return any result What QEMU returns, as Lua data.
function Machine:qmp(command, arguments) end

--- Runs a line of QEMU's human monitor, such as "info registers".
---@param line string
---@return string output What it prints; of a line that it does not understand, that.
function Machine:hmp(line) end

--- What the machine does, in QEMU's word (QMP's RunState): "running", "paused", "guest-panicked" and so on, or "ended".
---@return string
function Machine:status() end

--- Stops the guest's processors.
function Machine:pause() end

--- Lets the guest's processors go on.
function Machine:resume() end

--- Resets the machine as its button would: the guest starts anew, without writing its disks.
function Machine:reset() end

---@class kdev.vm.RebootOptions
---@field timeout? string|number Until the guest answers again: seconds, or a text such as "90s". Default 120.

--- Lets the guest reboot, by its own `reboot`, and waits until it answers. Programs that run in it end with an error "guest".
--- Errors: "invalid" for a machine that ends when its guest reboots, as one with a kernel does by default, and for one that is not
--- reached by kdevlua's agent; "timeout" and "kernel_oops" with the console's last lines.
---@param options? kdev.vm.RebootOptions
---@return string release The `uname -r` of the kernel that runs then.
function Machine:reboot(options) end

---@class kdev.vm.PowerDownOptions
---@field timeout? string|number How long the guest may take: seconds, or a text such as "90s". Default 60.

---@class kdev.vm.End
---@field cause string "guest-shutdown" when the guest powered off, "reset" when it rebooted and its machine was launched to end then, "panic" when its kernel panicked, "quit" when QEMU was told to, "killed" when QEMU was ended by a signal or crashed, "unknown" for a machine that an earlier kdevlua launched.
---@field panic? string What the kernel said when it panicked, as far as the console shows it.
---@field report? kdev.KernelReport The panic's report; the last fatal one when the console has none of the panic.

--- Lets the guest power off, by its agent or the ACPI power button, and has QEMU quit when it has not in time. The machine
--- stays known, with its console and how it ended, until it is stopped or launched again.
---@param options? kdev.vm.PowerDownOptions
---@return kdev.vm.End
function Machine:power_down(options) end

---@class kdev.vm.WaitOptions
---@field timeout? string|number Seconds, or a text such as "90s". Default: no limit.

--- Waits for the machine's end, also for one that was before. Errors: "timeout".
---@param options? kdev.vm.WaitOptions
---@return kdev.vm.End
function Machine:wait(options) end

---@class kdev.vm.EventsOptions
---@field names? string[] Only these, such as { "RESET", "SHUTDOWN" }. Default: all.
---@field timeout? string|number How long to wait for each. Default: no limit.
---@field from_start? boolean Begin with the machine's first event, and not with the next. Default false.

---@class kdev.vm.Event
---@field name string As QEMU's QMP reference has it: "SHUTDOWN", "RESET", "STOP", "DEVICE_DELETED" and so on.
---@field data table<string, any> What it carries.
---@field time number Seconds since the epoch.

--- The machine's events, one after the other, until it has ended: `for event in vm:events() do`. QEMU keeps a log of them, so
--- none is lost between two. Errors: "timeout" when none came in time.
---@param options? kdev.vm.EventsOptions
---@return fun(): kdev.vm.Event?
function Machine:events(options) end

--- Saves what the guest shows on its screen.
---@param path string A PNG file; one that is there is replaced.
function Machine:screenshot(path) end

--- Adds a disk to the running machine. One that was added as wanted is taken over. Errors: "invalid" in the profile "fast",
--- whose kernel sees no device that comes later, "busy" when another program has the image open, "command" with QEMU's words.
---@param disk kdev.Disk|kdev.vm.DiskOptions
---@return string id For `unplug`.
function Machine:plug_disk(disk) end

--- Adds a network card to the running machine. One that was added as wanted is taken over. Errors: "command" with QEMU's words.
---@param net kdev.Tap|kdev.UserNetwork|kdev.vm.CardOptions
---@return string id For `unplug`.
function Machine:plug_net(net) end

--- Takes away what was added. The guest has to let go of it. Errors: "timeout" when it does not within 30 seconds.
---@param id string
function Machine:unplug(id) end
--- The guest's serial console. Each call gives a reader of its own: none takes anything from another.
---@param options? kdev.vm.ConsoleOptions
---@return kdev.Console
function Machine:console(options) end

--- A shell in the guest on this terminal; returns when it ends, or when Ctrl-] is pressed. Errors: "invalid" when standard input
--- or output is no terminal, "missing" when the guest has no busybox.
---@param shell? string A path in the guest. Default: bash where the guest has it, else sh.
function Machine:shell(shell) end

--- Runs a program in the guest by ssh(1), with a key of the machine's own, which `authorize_ssh` has put there. A guest that does
--- not answer any more ends it within half a minute. Errors: "missing" when no address of the guest is known, "guest" when ssh
--- does not reach it.
---@param options kdev.vm.SSHOptions
---@return kdev.vm.Result
function Machine:ssh(options) end

--- Puts the machine's ssh key among those that let in root in the guest; `ssh` does it as well. Errors: "command" when the guest
--- cannot write it.
function Machine:authorize_ssh() end

--- Copies a file, or a folder with all in it, into the guest: modes, times and symbolic links come along, and there it
--- belongs to root. Errors: "missing" when there is nothing at `local_path`, "command" when the guest refuses it.
---@param local_path string On this host.
---@param remote_path string In the guest; the folders above it are made. One that ends with "/" is the folder to put it into. A file there is replaced when all of the new one has come; a folder is added to.
---@param options? kdev.vm.CopyOptions
function Machine:push(local_path, remote_path, options) end

--- Copies a file or a folder out of the guest, by the rules of `push`; on the host it belongs to you. Errors: "missing" when
--- there is nothing at `remote_path`, "command" and "system" when it cannot be read or written.
---@param remote_path string In the guest.
---@param local_path string On this host.
---@param options? kdev.vm.CopyOptions
function Machine:pull(remote_path, local_path, options) end

--- All that the guest's kernel has reported since its boot, oldest first. Nothing raises these any more.
---@return kdev.KernelReport[]
function Machine:reports() end

--- Waits for the next report of the guest's kernel, of those that nobody was told of. Errors: "timeout".
---@param options? kdev.vm.WaitReportOptions
---@return kdev.KernelReport
function Machine:wait_report(options) end

--- The guest's kernel log, as dmesg(1) prints it.
---@param options? kdev.vm.DmesgOptions
---@return string
function Machine:dmesg(options) end

--- Switches the kernel's debugging messages on or off: `vm:dynamic_debug "module ceph +p"`. Errors: "command" when the kernel
--- does not take the words, or was built without CONFIG_DYNAMIC_DEBUG.
---@param query string In the words of the kernel's dynamic-debug-howto.
function Machine:dynamic_debug(query) end

--- Runs a program in the guest with a tracer of ftrace on; afterwards, tracing is off. A status other than 0 is no error.
--- Errors: "command" when the kernel does not have what is asked for.
---@param options kdev.vm.FtraceOptions
---@return kdev.vm.FtraceResult
function Machine:ftrace(options) end

--- Remembers where the kernel was built that is installed on the guest's disk: `vm:gdb` and the decoding of reports look there while
--- the guest runs that kernel. `kdev.kernel.install` does it. Errors: "missing" when no kernel has been built there.
---@param output string What it was built into.
function Machine:note_build(output) end

--- Runs commands of gdb on the guest's kernel, over QEMU's stub or kgdb; the guest stands still meanwhile. `kdevlua gdb NAME` is
--- the same at the terminal. Addresses fit only without KASLR: `append = { "nokaslr" }`. Errors: "missing" without a vmlinux,
--- "command" when the kernel has no kgdb, or gdb fails.
---@param options kdev.vm.GdbOptions
---@return kdev.vm.Result
function Machine:gdb(options) end

--- Lets the guest power off, ends the machine and forgets it.
function Machine:stop() end

--- Ends the machine at once and forgets it: its guest writes nothing more.
function Machine:kill() end

return vm
