---@meta kdev.path

--- Paths as text: nothing looks whether they exist. Of something that exists, `kdev.fs.absolute` resolves the links.
---@class kdev.path
local path = {}

--- The parts with a slash between them. An absolute part drops those before it, an empty one counts for nothing.
---@param ... string
---@return string
function path.join(...) end

--- The path without its last part, as dirname(1) has it: "a" for "a/b/", "." for "a".
---@param path string
---@return string
function path.dirname(path) end

--- The last part, as basename(1) has it: "b" for "a/b/".
---@param path string
---@param suffix? string Taken from the end when the name has it and more. Default "".
---@return string
function path.basename(path, suffix) end

--- The last part without its extension: "a.tar" for "x/a.tar.gz", ".profile" for ".profile".
---@param path string
---@return string
function path.stem(path) end

--- The extension of the last part with its point: ".gz" for "a.tar.gz", "" for ".profile".
---@param path string
---@return string
function path.extension(path) end

--- The path with another extension in the place of its own: "a.o" for "a.c" and ".o". "" takes the extension away.
---@param path string
---@param extension string With its point.
---@return string
function path.with_extension(path, extension) end

--- Whether the path begins at the root.
---@param path string
---@return boolean
function path.is_absolute(path) end

--- The path with the home folder for "~" at its beginning, as a shell has it; other paths as they are.
---@param path string
---@return string
function path.expand(path) end

--- The path without empty parts, "." and "..". "a/../b" becomes "b", which is another place where "a" is a link.
---@param path string
---@return string
function path.normalize(path) end

--- The path from the root on, normalized.
---@param path string
---@param base? string The folder that the path is seen from. Default: the working folder.
---@return string
function path.absolute(path, base) end

--- The way from a folder to the path: "../b/c" for "b/c" seen from "a".
---@param path string
---@param base? string The folder. Default: the working folder.
---@return string
function path.relative(path, base) end

--- The parts in their order, "/" first for an absolute path.
---@param path string
---@return string[]
function path.split(path) end

return path
