---@meta kdev.vnc

--- VNC displays of other hosts, over ssh(1).
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
--- script. Errors: "connection" when it cannot be reached or its host key is not known; "permission" when it does not let the user in;
--- "missing" when no VNC server answers there; "busy" when the display is taken here; "timeout".
---@param options kdev.vnc.TunnelOptions
---@return kdev.Tunnel
function vnc.tunnel(options) end

return vnc
