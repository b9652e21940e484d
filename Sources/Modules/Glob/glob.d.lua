---@meta kdev.glob

--- Files by patterns, without a shell.
---@class kdev.glob
local glob = {}

--- The paths that match, sorted by their bytes; an empty list when none does. `*`, `?` and `[...]` match within a name,
--- `**` as a part of its own any number of folders, links left out. A name that begins with a point is matched only by
--- a pattern that does, a pattern with "/" at its end matches folders only, and "\" takes the character behind it as it
--- is. Errors: "permission" or "system" when the folder before the first wildcard cannot be read; folders below it that
--- cannot be read are passed over.
---@param pattern string Such as "Sources/**/*.lua", seen from the working folder.
---@return string[]
function glob.list(pattern) end

--- Whether a path matches a pattern, by the rules of `list`; nothing looks whether it exists. "/" at the end of either
--- counts for nothing.
---@param pattern string
---@param path string
---@return boolean
function glob.match(pattern, path) end

return glob
