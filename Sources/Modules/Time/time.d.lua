---@meta kdev.time

--- Clocks and times. To wait, see `kdev.task.sleep`.
---@class kdev.time
local time = {}

--- Seconds since 1970-01-01T00:00:00Z, with a fraction. The clock jumps when somebody sets it.
---@return number
function time.now() end

--- Seconds since some moment before, with a fraction, for measuring: this clock only goes on.
---@return number
function time.monotonic() end

--- A time in UTC, by strftime(3). Errors: "invalid" for a time that has no date.
---@param seconds? number Since 1970; a fraction is cut off. Default: now.
---@param format? string Default "%Y-%m-%dT%H:%M:%SZ".
---@return string
function time.format(seconds, format) end

--- The seconds since 1970 of a time as RFC 3339 writes it, such as "2024-05-17T10:30:00.5+02:00"; what is left out is
--- midnight, and UTC. Errors: "invalid".
---@param text string
---@return number
function time.parse(text) end

--- A length of time for people, in its two largest units: "300 ms", "2.5 s", "1 h 5 min".
---@param seconds number
---@return string
function time.format_duration(seconds) end

--- The seconds of a length of time, as options take it: a number of seconds, or a text such as "300ms", "90s", "5m",
--- "2h" or "7d". Errors: "argument" for anything else, below 0, or from 1e9 seconds on.
---@param text string|number
---@return number
function time.parse_duration(text) end

return time
