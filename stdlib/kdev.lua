-- All modules of kdev, each loaded when it is first used:
--   local kdev <const> = require "kdev"
--   print(kdev.disk.info("work.qcow2").size)
return setmetatable({}, {
  __name = "kdev",
  __index = function(self, name)
    if type(name) ~= "string" then return nil end
    local ok <const>, module <const> = pcall(require, "kdev." .. name)
    if not ok then
      if tostring(module):find("module 'kdev." .. name .. "' not found", 1, true) then
        local near <const> = tostring(module):match "did you mean 'kdev%.([%w_]+)'%?"
        error("kdev has no module '" .. name .. "'" .. (near and "; did you mean '" .. near .. "'?" or ""), 2)
      end
      error(module, 0)
    end
    rawset(self, name, module)
    return module
  end,
})
