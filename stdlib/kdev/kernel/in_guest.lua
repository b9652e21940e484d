-- Where a guest sees a path of the host: local path <const> = require "kdev.kernel.in_guest"(vm, "/home/me/linux/b")
-- The path has to be in a share that is mounted in the guest; an error says how to mount it.
local kdev <const> = require "kdev"

return function(vm, path)
  local mounts <const> = vm:exec { "cat", "/proc/mounts", on_report = "warn" }.stdout
  local tags <const> = {}
  for tag, folder in pairs(vm.shares) do
    folder = kdev.fs.absolute(folder)
    if (path .. "/"):sub(1, #folder + 1) == folder .. "/" then
      local directory <const> = mounts:match("%f[^\n\0]" .. tag:gsub("%p", "%%%0") .. " (%S+) 9p ")
      if directory then return directory .. path:sub(#folder + 1) end
      tags[#tags + 1] = tag
    end
  end
  local hint <const> = #tags > 0 and ("mount it first: vm:mount(%q, \"/mnt/host\")"):format(tags[1])
    or "launch it with share = { hostshare = FOLDER }"
  error(("%s is in no share that is mounted in the guest %s; %s"):format(path, vm.name, hint), 0)
end
