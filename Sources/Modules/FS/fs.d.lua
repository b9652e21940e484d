---@meta kdev.fs

--- Files of the host. In a dry run, what would change them is printed instead.
---@class kdev.fs
local fs = {}

---@class kdev.fs.TemporaryOptions
---@field folder? string Where. Default: the system's folder for temporary files.
---@field content? string Default "".

---@class kdev.fs.FolderOptions
---@field folder? string Where. Default: the system's folder for temporary files.

---@class kdev.fs.WriteOptions
---@field mode? string|integer The permissions, as for `chmod`. Default: "644", less what the umask takes away.

---@class kdev.fs.StatOptions
---@field follow? boolean Tell of what a link points at, and not of the link. Default true.

---@class kdev.fs.WalkOptions
---@field depth? integer How many folders deep; 1 is the folder's own content. Default: all.
---@field hidden? boolean Also names that begin with a point, and what is in such folders. Default true.

---@class kdev.fs.Status
---@field type string "file", "directory", "link", "fifo", "socket", "block" or "character".
---@field size integer In bytes.
---@field mode integer The permissions: `("%o"):format(status.mode)` is "755" or the like.
---@field modified number When the content was changed, in seconds since 1970.
---@field user integer
---@field group integer
---@field links integer How many names it has.

--- A temporary folder. `<close>` removes it with all in it.
---@class kdev.Folder: userdata
---@field path string
---@field name string The last part of the path.

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
---@param options? kdev.fs.WriteOptions
function fs.write(path, content, options) end

--- Writes behind what is in a file, and makes it when it is not there. What one call writes stays together.
---@param path string
---@param content string
function fs.append(path, content) end

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

--- Whether there is a regular file at the path, or a link to one.
---@param path string
---@return boolean
function fs.is_file(path) end

--- What the file system knows of a file. Errors: "missing", "permission".
---@param path string
---@param options? kdev.fs.StatOptions
---@return kdev.fs.Status
function fs.stat(path, options) end

--- Sets the permissions of a file or folder; of a link those of what it points at. Errors: "missing", "permission".
---@param path string
---@param mode string|integer Octal digits such as "755", or a number such as tonumber("755", 8).
function fs.chmod(path, mode) end

--- Makes a symbolic link. Errors: "busy" when something is at the path.
---@param target string What it points at, seen from the link's folder.
---@param path string Where the link is made.
function fs.symlink(target, path) end

--- What a symbolic link points at. Errors: "missing"; "invalid" for what is no link.
---@param path string
---@return string
function fs.readlink(path) end

--- All that is in a folder and those below it: `for path, type in fs.walk "src" do`. A folder comes before what is in
--- it, names are sorted, paths begin with the folder's, types are those of `stat`. Links are told of and not followed.
--- Errors: "missing", "permission".
---@param folder string
---@param options? kdev.fs.WalkOptions
---@return fun(): string?, string?
function fs.walk(folder, options) end

--- The names in a folder, sorted, hidden ones too. Errors: "missing", "permission".
---@param path string
---@return string[]
function fs.list(path) end

--- The size of a file in bytes. Errors: "missing", "permission".
---@param path string
---@return integer
function fs.size(path) end

--- Copies a file with its mode, by cp(1); a file that is there is overwritten. Waits. Errors: "missing"; "invalid" for
--- a folder; "command" when cp fails.
---@param from string
---@param to string The path of the copy, not of a folder for it.
function fs.copy(from, to) end

--- Copies a folder with all in it, by cp(1); links, modes and times are kept. Waits. Errors: "missing"; "invalid" for
--- what is no folder; "busy" when something is at the new path; "command" when cp fails.
---@param from string
---@param to string The path of the copy, not of a folder for it.
function fs.copy_tree(from, to) end

--- Gives a file or folder another path, on another file system too, by mv(1), in the place of a file that is there.
--- Waits. Errors: "missing"; "command" when mv fails.
---@param from string
---@param to string The new path, not a folder for it.
function fs.move(from, to) end

--- Gives a file or folder another path on the same file system, in the place of a file that is there. Errors:
--- "missing", "permission", "busy", "system".
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

--- Makes a temporary folder that only its owner may enter, gone with its scope; when kdevlua is killed before, `kdevlua
--- down` removes it.
---@param options? kdev.fs.FolderOptions
---@return kdev.Folder
function fs.temporary_folder(options) end

---@class kdev.fs.WatchOptions
---@field [integer] string The folders; all folders in them are watched, too.

---@class kdev.fs.WatchNextOptions
---@field quiet? string|number Until nothing more has changed for so long: seconds, or a text such as "100ms". Default 0.1.
---@field timeout? string|number Seconds, or a text such as "90s". Default: none.

--- Folders that are watched. `<close>` ends it.
---@class kdev.Watch: userdata
local Watch = {}

--- Watches folders, with all that are in them and come into them, by inotify(7). Errors: "missing" when one is not there.
---@param options kdev.fs.WatchOptions
---@return kdev.Watch
function fs.watch(options) end

--- Waits until files have been written, moved or removed, and it has become quiet: an editor that saves by renaming, and a
--- checkout of many files, are one change. Errors: "timeout".
---@param options? kdev.fs.WatchNextOptions
---@return string[] paths
function Watch:next(options) end

--- The file's content now.
---@return string
function File:read() end

return fs
