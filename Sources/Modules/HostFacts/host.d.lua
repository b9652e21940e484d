---@meta kdev.host

--- What this machine can do.
---@class kdev.host
local host = {}

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
---@field tap kdev.host.Capability A tap device can be made and opened.
---@field vhost kdev.host.Capability /dev/vhost-net can be opened.
---@field cpus integer
---@field root boolean The script runs as root.

--- Looks at the machine. The answer about KVM is kept until the next boot.
---@param options? kdev.host.FactOptions
---@return kdev.host.Facts
function host.facts(options) end

return host
