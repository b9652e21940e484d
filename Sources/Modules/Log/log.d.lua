---@meta kdev.log

--- Lines of a script in the program's log on standard error. With `--log-format json` each is an event "log" with level,
--- text and fields.
---@class kdev.log
local log = {}

--- For whoever looks for a mistake: shown with `--trace` only.
---@param text string
---@param fields? table<string, any> Plain data, shown as NAME=VALUE behind the text. Default: none.
function log.debug(text, fields) end

--- What happens, hidden by `--quiet`.
---@param text string
---@param fields? table<string, any> As for `debug`.
function log.info(text, fields) end

--- What the user should look at, shown with `--quiet`, too.
---@param text string
---@param fields? table<string, any> As for `debug`.
function log.warn(text, fields) end

--- What went wrong, shown with `--quiet`, too. The script goes on; to end it, raise an error.
---@param text string
---@param fields? table<string, any> As for `debug`.
function log.error(text, fields) end

return log
