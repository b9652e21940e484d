---@meta kdev.transaction

--- Set-ups that are made as a whole.
---@class kdev.transaction
local transaction = {}

---@class kdev.transaction.Options
---@field name string The machine that the set-up is for: what is made belongs to it, and `kdevlua down NAME` undoes it.
---@field keep? boolean Leave what was made in place when the set-up fails, to look at. Default false.

--- A set-up under way. `<close>` ends it: leaving the block by an error or by Ctrl-C undoes what was made, last first; else
--- all of it stays, for `kdevlua ps` and `kdevlua down`.
---@class kdev.Transaction: userdata
---@field name string

--- Opens a set-up: all that this task, and tasks it starts, make on the host until it is closed belongs to it. What an
--- interrupted earlier one of that name left is undone first. Errors: "busy" when another kdevlua is at work on the machine.
---@param options kdev.transaction.Options
---@return kdev.Transaction
function transaction.begin(options) end

return transaction
