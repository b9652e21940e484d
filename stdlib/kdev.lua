-- All modules of kdev, each loaded when it is first used:
--   local kdev <const> = require "kdev"
--   print(kdev.disk.info("work.qcow2").size)
return setmetatable({}, {
  __name = "kdev",
  __index = function(self, name)
    local ok <const>, module <const> = pcall(require, "kdev." .. name)
    if not ok then
      if tostring(module):find("module 'kdev." .. tostring(name) .. "' not found", 1, true) then
        error("kdev has no module '" .. tostring(name) .. "'", 2)
      end
      error(module, 0)
    end
    rawset(self, name, module)
    return module
  end,
})
