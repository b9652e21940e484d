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
