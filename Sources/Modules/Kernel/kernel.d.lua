---@meta kdev.kernel

--- Kernels to boot, and the small root of the default guest.
---@class kdev.kernel
local kernel = {}

---@class kdev.kernel.FindOptions
---@field path? string A bzImage or vmlinux. Default: the newest in /boot that has the drivers, else Debian's linux-image-amd64, unpacked into the cache without installing it.
---@field drivers? string[] Modules that the guest needs. Default: { "9pnet_virtio" }, which Debian's cloud kernels do not have.

--- A kernel.
---@class kdev.Kernel: userdata
---@field path string
---@field release string Its `uname -r`.
---@field modules? string The folder of its modules; nil when none were found.

--- Finds a kernel to boot. Errors: "missing" when there is none, with the command that brings one; "invalid" when the file
--- is no kernel.
---@param options? kdev.kernel.FindOptions
---@return kdev.Kernel
function kernel.find(options) end

--- Makes the initramfs of the default guest for a kernel: busybox, an init, the agent and the kernel's own modules. It is
--- cached under a checksum of all that is in it.
---@param kernel kdev.Kernel
---@return string path
function kernel.initramfs(kernel) end

return kernel
