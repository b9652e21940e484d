---@meta kdev.ui

--- What a person sees of a script.
---@class kdev.ui
local ui = {}

--- Says something that the user should know of, beside the steps.
---@param text string
function ui.note(text) end

--- Runs `body` as a step: a line with its label and how long it took, a spinner while it lasts.
---@param label string
---@param body fun(): any
---@return any ... What `body` returns.
function ui.step(label, body) end

--- Whether changes are only printed.
---@return boolean
function ui.dry_run() end

return ui
