---@meta kdev.vnc

--- Screens: of machines, in a browser, and VNC displays of other hosts, over ssh(1).
---@class kdev.vnc
local vnc = {}

---@class kdev.vnc.TunnelOptions
---@field host string `user@remote`, an alias of ssh_config(5), or `ssh://user@remote:2222`.
---@field display integer The VNC display there, on its loopback: 0 to 99.
---@field local_display? integer The display on 127.0.0.1 that leads there, 0 to 99. Default: the same one when it is free, else a free one.
---@field port? integer The port of its sshd.
---@field identity? string A private key.
---@field config? string An ssh_config(5) instead of the user's own.
---@field options? table<string, string> Further options by their names in ssh_config(5), such as `{ ProxyJump = "gate" }`.
---@field timeout? string|number How long it may take to come up. Default "30s".

--- A VNC display of another host on this one's loopback. `<close>` ends it.
---@class kdev.Tunnel: userdata
---@field host string
---@field display integer The display on 127.0.0.1 that leads there.
---@field port integer Its port: 5900 + `display`.

--- Makes a tunnel to a VNC display, as in the document: `ssh -L 5901:localhost:5901 user@remote`. Returns when the VNC server there
--- has answered. ssh asks nothing, neither for a password nor about a host's key. It ends with the variable (`<close>`), or with the
--- script. Its port here is there for every user of this host. Errors: "connection" when it cannot be reached or its host key is not known; "permission" when it does not let the user in;
--- "missing" when no VNC server answers there; "busy" when the display is taken here; "timeout".
---@param options kdev.vnc.TunnelOptions
---@return kdev.Tunnel
function vnc.tunnel(options) end

---@class kdev.vnc.ViewOptions
---@field vm? kdev.Machine|string A running machine, or its name. This or `display`.
---@field display? integer A VNC display on 127.0.0.1, such as that of a tunnel: 0 to 99.
---@field port? integer The page's port on 127.0.0.1. Default: a free one.
---@field browser? boolean Open the browser, when there is a desktop that has one. Default true.

--- A page that shows a screen. `<close>` ends it.
---@class kdev.View: userdata
---@field url string Where a browser sees it. It is good for one browser.
---@field port integer
---@field opened boolean Whether a browser was asked to show it.
local View = {}

--- Waits until the machine has ended; of a display, until the page has.
function View:wait() end

--- Shows a screen in the browser, by noVNC, as `kdevlua view` does: on a page of 127.0.0.1, whose address is good for one browser. A
--- machine's own display need not be reached for it, whatever its password. It ends with the variable (`<close>`), or with the script.
--- Errors: "invalid" when no machine of that name runs, or it has no display; "missing" without noVNC; "busy" when the port is taken.
---@param options kdev.vnc.ViewOptions
---@return kdev.View
function vnc.view(options) end

return vnc
