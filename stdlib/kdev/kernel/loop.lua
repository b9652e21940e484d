-- kdev.kernel.loop: edit, build, reload, test, in one loop that goes on until Ctrl-C. For example:
--   kdev.kernel.loop { vm = vm, tree = "src", output = "b", modules = { "ceph" }, test = { "mount", "/mnt/ceph" } }
local kdev <const> = require "kdev"
local in_guest <const> = require "kdev.kernel.in_guest"
local built_modules <const> = require "kdev.kernel.built_modules"

-- What a compiler reads. An editor's own files, and what make writes, are none of it.
local function is_source(path)
  local name <const> = path:match "[^/]+$"
  if name:find "^[.#]" or name:find "~$" or name:find "%.mod%.c$" then return false end
  return name:find "%.[chS]$" or name:find "%.inc$" or name == "Makefile" or name == "Kbuild"
end

-- How to build: as the call says; when it says nothing of the compiler, as it was built the last time. For another
-- compiler make would compile all again.
local function make_options(options, output)
  local how <const> = { jobs = options.jobs }
  local kept <const> = output .. "/.kdevlua/make-options.json"
  if options.cc == nil and options.llvm == nil and options.ccache == nil then
    if kdev.fs.exists(kept) then
      for name, value in pairs(kdev.json.decode(kdev.fs.read(kept))) do how[name] = value end
    end
  else
    how.cc, how.llvm, how.ccache = options.cc, options.llvm, options.ccache
  end
  return how
end

local function failed(what, err)
  kdev.ui.note(what .. " failed")
  io.stderr:write(tostring(err), "\n")
end

return function(options)
  local vm <const> = options.vm
  local tree <const> = kdev.fs.absolute(type(options.tree) == "string" and options.tree or options.tree.path)
  local output <const> = kdev.fs.absolute(options.output or tree)
  local built <const> = built_modules(output)
  local files <const> = built.files
  local names <const> = built.with_dependencies(options.modules)
  local how <const> = make_options(options, output)
  local targets <const>, in_guests_view <const>, seen <const> = {}, {}, {}
  local folders = {}
  local function watch_folder(folder)
    if seen[folder] or not kdev.fs.is_dir(folder) then return end
    seen[folder] = true
    folders[#folders + 1] = folder
  end
  for _, name in ipairs(names) do
    local path <const> = files[name]:sub(#output + 2)
    targets[#targets + 1] = path
    in_guests_view[name] = in_guest(vm, files[name])
    watch_folder(tree .. "/" .. path:match "^(.*)/")
    watch_folder(tree .. "/include/linux/" .. name)
  end
  for position, folder in ipairs(options.watch or {}) do
    if position == 1 then folders = {} end
    folders[position] = folder:sub(1, 1) == "/" and folder or tree .. "/" .. folder
  end
  local watch <close> = kdev.fs.watch(folders)

  -- Which build of each module the guest has. nil while nobody knows: at first, and after a reload that failed, which
  -- may have left modules unloaded.
  local loaded
  local function mark(name)
    local status <const> = kdev.fs.stat(files[name])
    return status.size .. " " .. status.modified
  end
  local function changed_modules()
    if not loaded then
      loaded = {}
      for name, state in pairs(built.compare(vm, names)) do
        if state == "same" then loaded[name] = mark(name) end
      end
    end
    local changed <const> = {}
    for _, name in ipairs(names) do
      if loaded[name] ~= mark(name) then changed[#changed + 1] = name end
    end
    return changed
  end
  local function mark_loaded(modules)
    for _, name in ipairs(modules) do
      if files[name] then loaded[name] = mark(name) end
    end
  end

  local function round()
    local begin <const> = kdev.time.monotonic()
    local stage = "build"
    local ok <const>, err <const> = pcall(function()
      local build <const> = { tree = tree, output = output, targets = targets, install_modules = false }
      for name, value in pairs(how) do build[name] = value end
      kdev.kernel.build(build)
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
    if not ok and stage == "reload" then loaded = nil end
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
