---@meta kdev.net

--- Bridges, taps and user networking, over ip(8).
---@class kdev.net
local net = {}

---@class kdev.net.BridgeOptions
---@field name string 15 characters at most.
---@field address? string The host's address in it, such as "192.168.77.1/24". Default: the first 192.168.N.1/24 that the host is not in yet.

---@class kdev.net.TapOptions
---@field name? string 15 characters at most. Default: made from the name of the machine that the set-up is for.
---@field bridge? kdev.Bridge The bridge to put it into.

---@class kdev.net.UserOptions
---@field ssh_port? integer The port on 127.0.0.1 that leads to the guest's port 22. Default: a free one.

--- A bridge. `<close>` removes it when it was made here and nothing is in it any more.
---@class kdev.Bridge: userdata
---@field name string
---@field address? string The host's address in it with its prefix length.

--- A tap device. `<close>` removes it when it was made here.
---@class kdev.Tap: userdata
---@field name string
---@field bridge? string The bridge that it is in.

--- QEMU's user networking: needs no right and no device; the guest reaches out, and is reached by a forwarded port.
---@class kdev.UserNetwork: userdata
---@field ssh_port integer

--- Makes a bridge: `ip link add name NAME type bridge`, `ip link set NAME up`, and an address for the host. One that is
--- there is taken over, whoever made it. Errors: "conflict" when the name or the address is something else's.
---@param options kdev.net.BridgeOptions
---@return kdev.Bridge
function net.bridge(options) end

--- Makes a tap device that the calling user may open: `ip tuntap add dev NAME mode tap user UID`,
--- `ip link set NAME master BRIDGE`, `ip link set NAME up`. One that is there as wanted is taken over. Errors: "conflict"
--- when the name is something else's, "busy" when a program has it open, "permission" when there is no way to be root.
---@param options? kdev.net.TapOptions
---@return kdev.Tap
function net.tap(options) end

--- User networking, for `kdev.vm.launch`.
---@param options? kdev.net.UserOptions
---@return kdev.UserNetwork
function net.user(options) end

return net
