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
---@field cpu? string As QEMU's -cpu takes it. Default: "host" with kvm, "max" with tcg.
---@field machine? string As QEMU's -machine takes it. Default "pc".
---@field disks? (kdev.Disk|kdev.vm.DiskOptions)[] A disk alone is a virtio one: /dev/vda and so on.
---@field cdrom? string An image in a CD-ROM drive.
---@field boot? string What the firmware tries, as QEMU's -boot order= takes it: "c" disk, "d" CD-ROM, "n" network, one after the other. Default: the firmware's.
---@field reboot? boolean Whether a guest that reboots starts again, instead of ending its machine. Default: true without a kernel, so that a panic ends a machine with one.
---@field net? kdev.Tap|kdev.UserNetwork|kdev.vm.CardOptions|(kdev.Tap|kdev.UserNetwork|kdev.vm.CardOptions)[] A card, or several. Default: none.
---@field vhost? boolean Move a tap's packets in the host's kernel. Default false.
---@field address? string What the guest's init configures: "ADDRESS/PREFIX,GATEWAY,DNS" or "dhcp". Default: for a tap in a bridge that was made here, a free address in it; for another bridge, dhcp; for user networking, QEMU's. It is the first card's.
---@field share? table<string, string> Folders of the host by the tag that the guest mounts them with.
---@field vnc? integer The display on 127.0.0.1. Default: a free one.
---@field append? string[] Words for the kernel's command line.
---@field extra? string[] Arguments for QEMU as they are.
---@field wait? "agent"|"none" What the launch waits for: kdevlua's agent in the guest, or nothing but QEMU. Default: "agent" with a kernel, "none" without.
---@field boot_timeout? string|number Until the guest answers: seconds, or a text such as "90s". Default 120.

---@class kdev.vm.DiskOptions
---@field disk kdev.Disk
---@field interface? "virtio"|"scsi"|"nvme"|"ide" The device: /dev/vda, /dev/sda, /dev/nvme0n1, or /dev/sda again. Default "virtio".
---@field cache? "none"|"writeback"|"writethrough"|"directsync"|"unsafe" How the host's page cache is used. Default "writeback".
---@field discard? boolean Give what the guest discards back to the host's file system. Default false.
---@field read_only? boolean Default false. Not for IDE, which knows none.
---@field serial? string What the guest finds it by in /dev/disk/by-id: 20 bytes at most.

---@class kdev.vm.CardOptions
---@field net kdev.Tap|kdev.UserNetwork
---@field model? string A device of QEMU's: "e1000", "rtl8139". Default "virtio-net-pci".
---@field mac? string Default: one made from the machine's name, the same each time.
---@field vhost? boolean As in the launch, for this card.

---@class kdev.vm.ExecOptions
---@field [integer] string The program and its arguments, any bytes.
---@field cwd? string The working folder in the guest. Default "/".
---@field env? table<string, string> Variables added to the guest's.
---@field stdin? string The standard input. Default: none.
---@field timeout? string|number Seconds, or a text such as "90s"; the program is killed when it passes.
---@field check? boolean Raise an error of the kind "command" when the status is not 0. Default true.

---@class kdev.vm.Result
---@field status integer The exit status; 128 + N when signal N ended it.
---@field stdout string
---@field stderr string

--- A running machine. `<close>` stops it.
---@class kdev.Machine: userdata
---@field name string
---@field release? string The guest's `uname -r`; nil in a dry run.
---@field address? string Where the guest is reached from this host: an address, or "127.0.0.1:PORT" for its ssh port.
---@field vnc? integer The VNC display on 127.0.0.1.
---@field pid? integer QEMU's process.
---@field console_log string The file that the guest's serial console is written to.
local Machine = {}

--- Starts a machine, detached from the terminal, and waits until its guest answers, or as `wait` says. One of that name that runs with the
--- same options is taken over. Errors: "conflict" when one runs with others, "busy" when a disk, tap or display is in use,
--- "guest" when the kernel panics, "timeout" when the guest never answers, both with the console's last lines.
---@param options kdev.vm.LaunchOptions
---@return kdev.Machine
function vm.launch(options) end

--- A running machine by name. Errors: "invalid" when none of that name runs.
---@param name string
---@return kdev.Machine
function vm.get(name) end

--- Runs a program in the guest and waits for its end.
---@param options kdev.vm.ExecOptions
---@return kdev.vm.Result
function Machine:exec(options) end

--- Mounts a share in the guest: `mount -t 9p -o trans=virtio TAG DIRECTORY`. No error when it is mounted there already.
---@param tag string
---@param directory string It is made.
function Machine:mount(tag, directory) end

--- Lets the guest power off, ends the machine and forgets it.
function Machine:stop() end

--- Ends the machine at once and forgets it: its guest writes nothing more.
function Machine:kill() end

return vm
