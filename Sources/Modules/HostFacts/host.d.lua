---@meta kdev.host

--- What this machine can do, and other machines: `local box <close> = kdev.host "user@box"` has the modules of the kdevlua there.
---@class kdev.host
--- Connects to another machine by ssh, as `ssh ADDRESS` would: `kdev.host "user@box"` or `kdev.host { address = "box", port = 2222 }`.
--- Its own kdevlua does what is asked for, with its own state and journal; where there is none that fits, a copy of this program goes
--- into its cache. A key has to let the user in, as nobody is asked for a password. Errors: "connection" when it cannot be reached
--- or its host key is not known, "permission" when it does not let the user in, "missing" when no kdevlua runs there, "conflict" when
--- `program` is another version.
---@overload fun(options: string|kdev.host.RemoteOptions): kdev.Host
local host = {}

---@class kdev.host.RemoteOptions
---@field address string `user@box`, an alias of ssh_config(5), or `ssh://user@box:2222`.
---@field port? integer The port of its sshd.
---@field identity? string A private key.
---@field config? string An ssh_config(5) instead of the user's own.
---@field options? table<string, string> Further options by their names in ssh_config(5), such as `{ ProxyJump = "gate" }`.
---@field program? string The kdevlua there. Default: the one in PATH, ~/.local/bin or /usr/local/bin, else a copy of this one.
---@field folder? string The folder there that relative paths begin at. Default: the user's home.

--- Another machine. Its modules have the functions that this one's have; paths are paths there, and relative ones begin at
--- `folder`. Data that goes there or comes back is a copy; disks, taps, machines and other objects stay there, and can be given to
--- functions of the same machine alone. Functions given to it, as `stdout` of `vm:exec`, are called here. Errors are those of the
--- machine, with its address in `err.host`; "connection" when the connection was lost.
---
--- `<close>` ends the connection. What was made stays, as after any script, and is in the machine's own journal. What is under way
--- when the connection is lost, and a transaction that is open, is undone there.
---@class kdev.Host: userdata
---@field address string
---@field program string The kdevlua there.
---@field disk kdev.disk
---@field fs kdev.fs
---@field glob kdev.glob
---@field host kdev.host
---@field kernel kdev.kernel
---@field net kdev.net
---@field proc kdev.proc
---@field transaction kdev.transaction
---@field vm kdev.vm
local Host = {}

---@class kdev.host.FactOptions
---@field kernel? kdev.Kernel With initramfs: a guest is really started under KVM to see whether it runs. Without them KVM counts as unusable.
---@field initramfs? string

--- Whether the machine can do something; when not, why, and the command that would change it.
---@class kdev.host.Capability
---@field works boolean
---@field reason string
---@field hint? string The command that would provide it.
---@field because string The reason, with the hint in brackets.

---@class kdev.host.Facts
---@field kvm kdev.host.Capability A guest runs under /dev/kvm.
---@field tun kdev.host.Capability A tap device can be made, by /dev/net/tun, and opened.
---@field vhost kdev.host.Capability /dev/vhost-net can be opened.
---@field programs table<string, kdev.host.Capability> Whether a program is there, by its name: `facts.programs.ccache.works`. Those that kdevlua calls.
---@field cores integer The processors that are online.
---@field root boolean The script runs as root.

--- Looks at the machine. The answer about KVM is kept until the next boot.
---@param options? kdev.host.FactOptions
---@return kdev.host.Facts
function host.facts(options) end

--- Copies a file or a folder there, by scp(1) as `scp -r -p`: into a folder that is there it goes under its own name.
---@param from string A path here.
---@param to string A path there.
function Host:push(from, to) end

--- Copies a file or a folder from there; as `push`.
---@param from string A path there.
---@param to string A path here.
function Host:pull(from, to) end

--- Ends the connection.
function Host:close() end

return host
