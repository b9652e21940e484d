---@meta kdev.disk

--- Disk images, over qemu-img(1).
---
--- What a running machine has open, be it only as the backing file of its disk, is never changed: that is an error of the kind
--- "busy" with the machine's name. What overlays stand on is changed only with `force`: overlays keep what differs from the
--- image below, and are of no use when that becomes another.
---@class kdev.disk
local disk = {}

---@class kdev.disk.CreateOptions
---@field path string Where. Its folder has to exist, unless it is below kdevlua's own state folder, as it is for a path without a slash.
---@field size string|integer What the guest sees: bytes, or a text such as "128G". A qcow2 image takes only the room that is written.
---@field format? "qcow2"|"raw" Default "qcow2".

---@class kdev.disk.OverlayOptions
---@field path string Where, as for create.
---@field backing kdev.Disk The image below. It must not be written to any more.
---@field size? string|integer What the guest sees, as for create. Default: the size of the image below.
---@field relative? boolean Write down the way from the overlay's folder to the backing file, so that both can be moved together. Default false: its absolute path.

---@class kdev.disk.InfoOptions
---@field format? "qcow2"|"raw"|"vmdk"|"vdi"|"vhdx"|"vpc" Its format. Default: what the image looks like. A guest can make a raw image look like another, so give it where it is known.
---@field in_use? boolean Look at it although a machine runs on it. Default false.

---@class kdev.disk.TemporaryOptions
---@field size? string|integer As for create. Default: the size of the image below.
---@field format? "qcow2"|"raw" Default "qcow2".
---@field backing? kdev.Disk The image below, for an overlay.
---@field folder? string Where. Default: kdevlua's own folder of disks.

---@class kdev.disk.ImageOptions
---@field url? string Where it is fetched from, by http or https: once, into the cache.
---@field path? string Where it is on this machine; instead of `url`.
---@field sha256? string What it has to be: 64 hexadecimal digits.
---@field sha512? string The same as 128 digits, which Debian publishes.
---@field format? "qcow2"|"raw"|"vmdk"|"vdi"|"vhdx"|"vpc" Default: what the image looks like.
---@field timeout? string|number For the download: seconds, or a text such as "10m". Default: none.

---@class kdev.disk.CheckOptions
---@field repair? "leaks"|"all" Mend it. "leaks" does no harm; "all" may lose data, and is done on a copy.

---@class kdev.disk.CommitOptions
---@field keep? boolean Leave the overlay as it is. Default false: it is emptied, unless it holds snapshots.
---@field in_place? boolean Write the backing file itself, and no copy that then takes its place. Needs less room and time; when it fails, the backing file is neither old nor new. Default false.
---@field force? boolean Although other overlays stand on the backing file. Default false.

---@class kdev.disk.RebaseOptions
---@field backing? kdev.Disk The image below from now on. Default: none; all that is below is taken into the image.
---@field unsafe? boolean Change only the name, for a backing file that was moved: nothing looks whether it holds the same. Default false.
---@field relative? boolean As for overlay.
---@field force? boolean With `unsafe`: although overlays stand on the image. Default false.

---@class kdev.disk.ResizeOptions
---@field size string|integer As for create.
---@field shrink? boolean Let it become smaller. What is behind the new end is lost. Default false.
---@field force? boolean Although overlays stand on the image. Default false.

---@class kdev.disk.ConvertOptions
---@field path string Where, as for create.
---@field format? "qcow2"|"raw"|"vmdk"|"vdi"|"vhdx"|"vpc" Default "qcow2".
---@field compress? boolean For qcow2: smaller, and slower to read. Default false.
---@field snapshot? string What it held at that snapshot. Default: what it holds now.
---@field replace? boolean Put it in the place of a file that is there. Default false.

---@class kdev.disk.DebianOptions
---@field release? string Debian's name for it. Default "bookworm".
---@field packages? string[] Packages besides those that every guest has: { "ceph-common", "xfsprogs" }.
---@field size? string|integer What the guest sees: bytes, or a text such as "40G". Default "20G".
---@field mirror? string Where packages come from: "http://deb.debian.org/debian". Default: Debian's, with its security updates.

---@class kdev.disk.CompareOptions
---@field strict? boolean A difference in size, or in what is allocated, counts too. Default false.

---@class kdev.disk.RestoreOptions
---@field force? boolean Although overlays stand on the image. Default false.

---@class kdev.disk.Details
---@field path string Absolute.
---@field format string
---@field size integer What the guest sees, in bytes.
---@field used integer The room that it takes on the host, in bytes.
---@field backing? string The image below it, absolute.
---@field backing_stored? string The same as the image itself has it, which may be relative to its folder.
---@field backing_format? string
---@field dirty boolean It was not closed properly.
---@field corrupt boolean QEMU found it damaged.
---@field snapshots kdev.disk.Snapshot[]

---@class kdev.disk.Snapshot
---@field name string
---@field id string QEMU's number for it.
---@field date number When it was made, in seconds since 1970.
---@field machine_state integer The bytes of a running machine's state in it; 0 for one of the disk alone.

---@class kdev.disk.Check
---@field outcome "ok"|"leaks"|"corrupt"|"unsupported" Leaks are room that nothing refers to; they do no harm. A raw image has nothing to check.
---@field corruptions integer How many errors there are.
---@field leaks integer
---@field corruptions_fixed integer What a repair has mended.
---@field leaks_fixed integer
---@field text string The first lines of what qemu-img says of it.

--- A disk image. `<close>` removes one that was made by `temporary`, and leaves every other.
---@class kdev.Disk: userdata
---@field path string Absolute.
---@field format string "qcow2", "raw" or what else it was found to be.
---@field size integer What the guest sees, in bytes.
---@field backing? string The image below it.
local Disk = {}

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

--- The disk of a Debian guest: made by mmdebstrap, which needs root, with Debian's kernel, GRUB and kdevlua's agent. It boots
--- by itself, and takes what `kdev.kernel.install` installs. Made once, it is kept in the cache; put an overlay on it:
--- `kdev.vm.launch { disks = { kdev.disk.overlay { path = "work.qcow2", backing = kdev.disk.debian() } }, wait = "agent" }`.
--- Errors: "missing" without mmdebstrap, "permission" without root, "command" with mmdebstrap's words.
---@param options? kdev.disk.DebianOptions
---@return kdev.Disk
function disk.debian(options) end

--- What an image is. Errors: "missing", "busy" when a machine runs on it, with that machine's name, and "command" when it is
--- not of the format that was given.
---@param path string
---@param options? kdev.disk.InfoOptions
---@return kdev.Disk
function disk.info(path, options) end

--- Makes a disk that is gone with its scope: `local scratch <close> = kdev.disk.temporary { size = "1G" }`.
---@param options kdev.disk.TemporaryOptions
---@return kdev.Disk
function disk.temporary(options) end

--- A cloud or ISO image. From an address it is fetched into the cache, verified, and only then given its name; the next call
--- finds it there, and looks at its checksum again only when it was changed. Put an overlay on it to write. Errors: "missing"
--- when the server has none, "conflict" when its checksum is another, with both, "system" and "timeout".
---@param options kdev.disk.ImageOptions
---@return kdev.Disk
function disk.image(options) end

--- What the image is now. Works while a machine runs on it.
---@return kdev.disk.Details
function Disk:info() end

--- The image and all below it, the topmost first. Errors: "missing" when a backing file is not where the image says.
---@return kdev.disk.Details[]
function Disk:chain() end

--- Looks whether the image is whole inside: `qemu-img check`. Errors: "command" when it cannot be opened at all.
---@param options? kdev.disk.CheckOptions
---@return kdev.disk.Check
function Disk:check(options) end

--- Writes what an overlay holds into its backing file, and empties it: `qemu-img commit`. Errors: "invalid" without a backing
--- file, "conflict" when other overlays stand on it, "busy", and "command", such as no space; then both are what they were.
---@param options? kdev.disk.CommitOptions
function Disk:commit(options) end

--- Puts the image onto another backing file, or onto none: `qemu-img rebase`. What the guest sees stays the same, also when it
--- fails half-way. Errors: "missing", "busy", "invalid", "command".
---@param options? kdev.disk.RebaseOptions
function Disk:rebase(options) end

--- Makes the image larger, or with `shrink` smaller: `qemu-img resize`. Errors: "invalid" for a smaller size without `shrink`,
--- "conflict" when overlays stand on it, "busy", "command".
---@param options kdev.disk.ResizeOptions
function Disk:resize(options) end

--- Makes a copy in another format, or without backing files: `qemu-img convert`. There is the whole copy or none. Errors:
--- "busy" when the path is taken or a machine runs on the image, "command".
---@param options kdev.disk.ConvertOptions
---@return kdev.Disk
function Disk:convert(options) end

--- Whether a guest would see the same on both: `qemu-img compare`.
---@param other kdev.Disk
---@param options? kdev.disk.CompareOptions
---@return boolean same
---@return string? difference Where they differ, in qemu-img's words.
function Disk:compare(other, options) end

--- Keeps what the image holds now, inside the image: `qemu-img snapshot -c`. Errors: "busy" when there is one of that name, or
--- a machine runs on the image; "invalid" for a format without snapshots.
---@param name string Not a number.
function Disk:snapshot(name) end

--- The snapshots in the image, the oldest first.
---@return kdev.disk.Snapshot[]
function Disk:snapshots() end

--- Makes the image what it was at a snapshot: `qemu-img snapshot -a`. What it holds now is lost. Errors: "missing", "busy",
--- "conflict" when overlays stand on the image.
---@param name string
---@param options? kdev.disk.RestoreOptions
function Disk:restore(name, options) end

--- Forgets a snapshot: `qemu-img snapshot -d`. Errors: "missing", "busy".
---@param name string
function Disk:delete_snapshot(name) end

return disk
