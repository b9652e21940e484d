---@meta kdev.merge

--- Choices made by merging YAML fragments under small Lua scripts, as teuthology's k-testing.yaml makes them.
---@class kdev.merge
local merge = {}

---@class kdev.merge.ChooseOptions
---@field fragments string A folder of fragments: a path, or the name of one in fragments/ of the stdlib, which `.kdevlua/fragments/NAME` of a repository and `~/.config/kdevlua/fragments/NAME` add to and override.
---@field base? table The configuration to begin with.
---@field globals? table What the scripts see as globals, by name.
---@field forced? table<string, string> For a facet the alternative to take, such as { accel = "kvm" }.

---@class kdev.merge.Facet
---@field name string The facet's folder.
---@field chosen string The name of the alternative.
---@field forced boolean
---@field rejected string[] Why the alternatives before it were not taken, a line each.

---@class kdev.merge.Choice
---@field config table The merged configuration.
---@field facets kdev.merge.Facet[] In the order of their decision.

--- Takes from each folder of fragments the first whose premerge script does not reject it, and merges them. Errors: kind
--- "choice" when a facet has no alternative left, or the forced one is rejected, with each reason.
---@param options kdev.merge.ChooseOptions
---@return kdev.merge.Choice
function merge.choose(options) end

return merge
