---@meta kdev

--- All modules of kdev, each loaded when it is first used.
---@class kdev
---@field cli kdev.cli
---@field disk kdev.disk
---@field env kdev.env
---@field fs kdev.fs
---@field glob kdev.glob
---@field host kdev.host
---@field json kdev.json
---@field kernel kdev.kernel
---@field log kdev.log
---@field merge kdev.merge
---@field net kdev.net
---@field path kdev.path
---@field proc kdev.proc
---@field sandbox kdev.sandbox
---@field task kdev.task
---@field time kdev.time
---@field teuthology kdev.teuthology
---@field transaction kdev.transaction
---@field ui kdev.ui
---@field vm kdev.vm
---@field vnc kdev.vnc
---@field yaml kdev.yaml
local kdev = {}

return kdev
