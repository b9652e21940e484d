---@meta kdev.disk

--- Disk images, over qemu-img(1).
---@class kdev.disk
local disk = {}

---@class kdev.disk.CreateOptions
---@field path string Where. Its folder has to exist, unless it is below kdevlua's own state folder, as it is for a path without a slash.
---@field size string|integer What the guest sees: bytes, or a text such as "128G". A qcow2 image takes only the room that is written.
---@field format? "qcow2"|"raw" Default "qcow2".

---@class kdev.disk.OverlayOptions
---@field path string Where, as for create.
---@field backing kdev.Disk The image below. It must not be written to any more.

--- A disk image.
---@class kdev.Disk: userdata
---@field path string Absolute.
---@field format string "qcow2" or "raw".
---@field size integer What the guest sees, in bytes.
---@field backing? string The image below it.

--- Makes an empty disk image: `qemu-img create -f qcow2 PATH SIZE`. One that is there with the same size and format is
--- taken over; any difference is an error of the kind "conflict" that shows both.
---@param options kdev.disk.CreateOptions
---@return kdev.Disk
function disk.create(options) end

--- Makes a differential copy: `qemu-img create -f qcow2 -b BACKING -F FORMAT PATH`. One that is there over the same backing
--- file is taken over.
---@param options kdev.disk.OverlayOptions
---@return kdev.Disk
function disk.overlay(options) end

--- What an image is. Errors: "missing", and "busy" when a machine runs on it, with that machine's name.
---@param path string
---@return kdev.Disk
function disk.info(path) end

return disk
