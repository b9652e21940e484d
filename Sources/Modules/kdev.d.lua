---@meta kdev

--- All modules of kdev, each loaded when it is first used.
---@class kdev
---@field cli kdev.cli
---@field disk kdev.disk
---@field fs kdev.fs
---@field host kdev.host
---@field json kdev.json
---@field kernel kdev.kernel
---@field merge kdev.merge
---@field net kdev.net
---@field proc kdev.proc
---@field task kdev.task
---@field transaction kdev.transaction
---@field ui kdev.ui
---@field vm kdev.vm
---@field yaml kdev.yaml
local kdev = {}

return kdev
