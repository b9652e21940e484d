-- kdev.kernel.loop: edit, build, reload, test, in one loop that goes on until Ctrl-C. For example:
--   kdev.kernel.loop { vm = vm, tree = "src", output = "b", modules = { "ceph" }, test = { "mount", "/mnt/ceph" } }
local kdev <const> = require "kdev"
local in_guest <const> = require "kdev.kernel.in_guest"

-- The modules of a build by name, with underscores as the kernel writes them.
local function built_modules(output)
  local files <const> = {}
  local found <const> = kdev.proc.run { "find", output, "-name", "*.ko", "-not", "-path", "*/.kdevlua/*", query = true }
  for path in found.stdout:gmatch "[^\n]+" do
    files[path:match "([^/]+)%.ko$":gsub("-", "_")] = path
  end
  return files
end

-- The modules with those of the build that they need, these first.
local function with_dependencies(names, files, output)
  local order <const>, seen <const> = {}, {}
  local function visit(name)
    name = name:gsub("-", "_")
    if seen[name] then return end
    seen[name] = true
    if not files[name] then
      error("there is no module " .. name .. " below " .. output .. ": build it once first", 0)
    end
    local needed <const> = kdev.proc.run { "modinfo", "-F", "depends", files[name], query = true }.stdout
    for other in needed:gmatch "[^,%s]+" do visit(other) end
    order[#order + 1] = name
  end
  for _, name in ipairs(names) do visit(name) end
  return order
end

-- What a compiler reads. An editor's own files, and what make writes, are none of it.
local function is_source(path)
  local name <const> = path:match "[^/]+$"
  if name:find "^[.#]" or name:find "~$" or name:find "%.mod%.c$" then return false end
  return name:find "%.[chS]$" or name:find "%.inc$" or name == "Makefile" or name == "Kbuild"
end

local function failed(what, err)
  kdev.ui.note(what .. " failed")
  io.stderr:write(tostring(err), "\n")
end

return function(options)
  local vm <const> = options.vm
  local tree <const> = kdev.fs.absolute(type(options.tree) == "string" and options.tree or options.tree.path)
  local output <const> = kdev.fs.absolute(options.output or tree)
  local files <const> = built_modules(output)
  local names <const> = with_dependencies(options.modules, files, output)
  local targets <const>, in_guests_view <const>, seen <const> = {}, {}, {}
  local folders = {}
  for _, name in ipairs(names) do
    local path <const> = files[name]:sub(#output + 2)
    targets[#targets + 1] = path
    in_guests_view[name] = in_guest(vm, files[name])
    local folder <const> = tree .. "/" .. path:match "^(.*)/"
    if not seen[folder] and kdev.fs.is_dir(folder) then
      seen[folder] = true
      folders[#folders + 1] = folder
    end
  end
  for position, folder in ipairs(options.watch or {}) do
    if position == 1 then folders = {} end
    folders[position] = folder:sub(1, 1) == "/" and folder or tree .. "/" .. folder
  end
  local watch <close> = kdev.fs.watch(folders)

  -- Which build of each module the guest has.
  local loaded <const> = {}
  local function changed_modules()
    local changed <const> = {}
    for _, name in ipairs(names) do
      local status <const> = kdev.fs.stat(files[name])
      local mark <const> = status.size .. " " .. status.modified
      if loaded[name] ~= mark then changed[#changed + 1] = name end
    end
    return changed
  end
  local function mark_loaded(modules)
    for _, name in ipairs(modules) do
      if files[name] then
        local status <const> = kdev.fs.stat(files[name])
        loaded[name] = status.size .. " " .. status.modified
      end
    end
  end

  local function round()
    local begin <const> = kdev.time.monotonic()
    local stage = "build"
    local ok <const>, err <const> = pcall(function()
      kdev.kernel.build {
        tree = tree, output = output, targets = targets, jobs = options.jobs, cc = options.cc, llvm = options.llvm,
        ccache = options.ccache, install_modules = false,
      }
      stage = "reload"
      local changed <const> = changed_modules()
      if #changed > 0 then
        local result <const> = kdev.kernel.reload {
          vm = vm, modules = changed, files = in_guests_view, parameters = options.parameters,
        }
        mark_loaded(result.loaded)
      end
      stage = "test"
      if type(options.test) == "function" then
        options.test(vm)
      elseif options.test then
        local result <const> = vm:exec(table.move(options.test, 1, #options.test, 1, {}))
        io.write(result.stdout)
        io.stdout:flush()
        io.stderr:write(result.stderr)
      end
    end)
    -- A Ctrl-C ends the loop, not the round.
    if not ok and type(err) == "userdata" and err.kind == "cancelled" then error(err, 0) end
    local seconds <const> = kdev.time.monotonic() - begin
    if ok then kdev.ui.note(("done in %.1f s; waiting for a change"):format(seconds)) else failed(stage, err) end
    return { ok = ok, stage = stage, error = not ok and err or nil, seconds = seconds }
  end

  local rounds <const> = { round() }
  while #rounds < (options.rounds or math.huge) do
    local changed
    repeat
      changed = {}
      for _, path in ipairs(watch:next()) do
        local inside <const> = path:sub(1, #tree + 1) == tree .. "/"
        if is_source(path) then changed[#changed + 1] = inside and path:sub(#tree + 2) or path end
      end
    until #changed > 0
    kdev.ui.note("changed: " .. table.concat(changed, ", "))
    rounds[#rounds + 1] = round()
  end
  return rounds
end
