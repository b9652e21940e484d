-- All modules of kdev, each loaded when it is first used:
--   local kdev <const> = require "kdev"
--   print(kdev.disk.info("work.qcow2").size)
return setmetatable({}, {
  __name = "kdev",
  __index = function(self, name)
    local module <const> = require("kdev." .. name)
    rawset(self, name, module)
    return module
  end,
})
