---@meta kdev.net

--- Bridges, taps, namespaces and user networking, over ip(8), dnsmasq(8) and nft(8).
---@class kdev.net
local net = {}

---@class kdev.net.BridgeOptions
---@field name string 15 characters at most.
---@field address? string The host's address in it, such as "192.168.77.1/24". Default: the first 192.168.N.1/24 that the host is not in and has no route to.
---@field mtu? integer The largest packet in bytes, 68 to 65535. Default: the kernel's, 1500.
---@field dhcp? boolean DHCP and DNS for its guests by a dnsmasq in this bridge alone: they get their addresses and names, resolve each other's, and all that the host resolves. Default false.
---@field masquerade? boolean Its guests reach what the host reaches, a VPN included, by the host's own address there: nftables masquerade in a table of its own, and `net.ipv4.ip_forward`. Default false.
---@field namespace? kdev.Namespace The network namespace to make it in. Default: the host's.

---@class kdev.net.TapOptions
---@field name? string 15 characters at most. Default: made from the name of the machine that the set-up is for.
---@field bridge? kdev.Bridge The bridge to put it into; the tap is made in its namespace.
---@field mtu? integer The largest packet in bytes, 68 to 65535. Default: the bridge's, if it was given one. A guest with a virtio card learns it from its card.
---@field queues? integer Queues that the guest's processors share, 1 to 255. Default 1.
---@field namespace? kdev.Namespace For a tap without a bridge. Default: the host's.

---@class kdev.net.NamespaceOptions
---@field interfaces? string[] Interfaces of the host to move into it, such as "wg0", with their addresses and routes.

---@class kdev.net.UserOptions
---@field ssh_port? integer The port on 127.0.0.1 that leads to the guest's port 22. Default: a free one.
---@field forward? table<string, integer> Ports of the guest by ports of 127.0.0.1: `["8080"] = 80`, `["udp:5353"] = 53`; under a name instead of a number, `http = 80`, a free one. TCP unless "udp:" stands before it.

--- A bridge. `<close>` removes it when it was made here and nothing is in it any more.
---@class kdev.Bridge: userdata
---@field name string
---@field address? string The host's address in it with its prefix length.
---@field namespace? string The network namespace that it is in.

--- A tap device. `<close>` removes it when it was made here, and makes one that was taken over what it was before.
---@class kdev.Tap: userdata
---@field name string
---@field bridge? string The bridge that it is in.
---@field namespace? string The network namespace that it is in.

--- A named network namespace, as `ip netns` makes it. `<close>` moves back what was moved into it, and removes it when it was
--- made here.
---@class kdev.Namespace: userdata
---@field name string

--- User networking, QEMU's own or passt's: needs no right and no device; the guest reaches out, and is reached by a forwarded port.
---@class kdev.UserNetwork: userdata
---@field ssh_port integer
---@field ports table<string, integer> The ports of 127.0.0.1 by their keys in `forward`.

--- An end of a cable between two machines, for a card of one of them.
---@class kdev.LinkEnd: userdata
---@field socket string The Unix socket that it receives by.

--- Makes a bridge: `ip link add name NAME type bridge`, `ip link set NAME up`, and an address for the host. One that is
--- there is taken over, whoever made it. Errors: "conflict" when the name, the address or its network is something else's, "busy" when another
--- program gives out addresses or serves names in it.
---@param options kdev.net.BridgeOptions
---@return kdev.Bridge
function net.bridge(options) end

--- Makes a tap device that the calling user may open: `ip tuntap add dev NAME mode tap user UID`,
--- `ip link set NAME master BRIDGE`, `ip link set NAME up`. One that is there as wanted is taken over. Errors: "conflict"
--- when the name is something else's, "busy" when a program has it open, "permission" when there is no way to be root. What
--- one of somebody else's was before (its bridge, mtu and whether it was up) is written down, and restored with `down`.
---@param options? kdev.net.TapOptions
---@return kdev.Tap
function net.tap(options) end

--- Makes a network namespace with interfaces, routes and ports of its own: `ip netns add NAME`. Bridges and taps are made in it
--- with `namespace`, and what runs on them, QEMU and dnsmasq, is started in it (`ip netns exec NAME`). One that is there is taken
--- over. Errors: "invalid" for a bad name, "missing" when an interface that is to be moved is not there.
---@param name string Letters, digits, "-", "_" and ".", 64 at most.
---@param options? kdev.net.NamespaceOptions
---@return kdev.Namespace
function net.namespace(name, options) end

--- User networking, for `kdev.vm.launch`.
---@param options? kdev.net.UserOptions
---@return kdev.UserNetwork
function net.user(options) end

--- User networking by passt(1), for `kdev.vm.launch`: without QEMU's own network behind the host's, the guest has the host's address and
--- name servers, by DHCP, and what it sends goes out as the host's own, ICMP and IPv6 included. A passt is started with the machine, and ends
--- with it. It needs an interface with a default route: the launch's error is "missing" where there is none. Errors: "missing" without
--- passt.
---@param options? kdev.net.UserOptions
---@return kdev.UserNetwork
function net.passt(options) end

--- A cable between two machines, for guests without a tap: `-netdev dgram` on Unix sockets. Needs no right. No address is given
--- out on it. Errors: "invalid" for a bad name.
---@param name string Letters, digits and "-", 32 at most.
---@return kdev.LinkEnd one
---@return kdev.LinkEnd other
function net.link(name) end

return net
