---@meta kdev.vnc

--- VNC displays of other hosts, over ssh(1).
---@class kdev.vnc
local vnc = {}

---@class kdev.vnc.TunnelOptions
---@field host string As ssh takes it: "user@remote", or a `Host` of your ssh_config.
---@field display integer The VNC display there, on its loopback: 0 to 99.
---@field local_display? integer The display on 127.0.0.1 that leads there, 0 to 99. Default: the same one when it is free, else a free one.
---@field port? integer The port of its sshd. Default: what your ssh_config says, 22.
---@field identity? string A file with a private key. Default: what your ssh_config and ssh-agent have.
---@field options? string[] More of ssh_config(5): `{ "ProxyJump=gate" }`.
---@field timeout? string|number How long it may take to come up. Default "30s".

--- A VNC display of another host on this one's loopback. `<close>` ends it.
---@class kdev.Tunnel: userdata
---@field host string
---@field display integer The display on 127.0.0.1 that leads there.
---@field port integer Its port: 5900 + `display`.

--- Makes a tunnel to a VNC display, as in the document: `ssh -L 5901:localhost:5901 user@remote`. Returns when the VNC server there
--- has answered. ssh asks nothing, neither for a password nor about a host's key. It ends with the variable (`<close>`), or with the
--- script. Errors: "missing" when no sshd, or no VNC server, answers; "permission" when the host's key is not known or no key of
--- yours is taken; "busy" when the display is taken here; "timeout".
---@param options kdev.vnc.TunnelOptions
---@return kdev.Tunnel
function vnc.tunnel(options) end

return vnc
