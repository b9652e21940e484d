---@meta kdev.fs

--- Files of the host. In a dry run, what would change them is printed instead.
---@class kdev.fs
local fs = {}

---@class kdev.fs.TemporaryOptions
---@field folder? string Where. Default: the system's folder for temporary files.
---@field content? string Default "".

--- A temporary file. `<close>` removes it.
---@class kdev.File: userdata
---@field path string
---@field name string The last part of the path.
local File = {}

--- A file's content. Errors: "missing", "permission".
---@param path string
---@return string
function fs.read(path) end

--- Writes a file so that others see the old content or the new, never half of it.
---@param path string
---@param content string
function fs.write(path, content) end

--- Removes a file or link; no error when it is gone already.
---@param path string
function fs.remove(path) end

--- Makes a folder and those above it.
---@param path string
function fs.mkdir(path) end

--- Whether there is something at the path.
---@param path string
---@return boolean
function fs.exists(path) end

--- Whether there is a folder at the path, or a link to one.
---@param path string
---@return boolean
function fs.is_dir(path) end

--- The names in a folder, sorted, hidden ones too. Errors: "missing", "permission".
---@param path string
---@return string[]
function fs.list(path) end

--- The size of a file in bytes. Errors: "missing", "permission".
---@param path string
---@return integer
function fs.size(path) end

--- Copies a file with its mode, by cp(1); a file that is there is overwritten. Waits. Errors: "missing"; "invalid" for a
--- folder; "command" when cp fails.
---@param from string
---@param to string The path of the copy, not of a folder for it.
function fs.copy(from, to) end

--- Gives a file or folder another path on the same file system, in the place of a file that is there. Errors: "missing",
--- "permission", "busy", "system".
---@param from string
---@param to string The new path, not a folder for it.
function fs.rename(from, to) end

--- Removes a folder with all in it, or a file; links are removed and never followed. No error when it is gone already.
--- Errors: "invalid" for "/", the home folder, what that is in, and a path that ends in "." or ".."; "permission".
---@param path string
function fs.remove_tree(path) end

--- The path made absolute; of something that exists, with links resolved.
---@param path string
---@return string
function fs.absolute(path) end

--- Makes a temporary file, gone with its scope; when kdevlua is killed before, `kdevlua down` removes it.
---@param options? kdev.fs.TemporaryOptions
---@return kdev.File
function fs.temporary(options) end

--- The file's content now.
---@return string
function File:read() end

return fs
