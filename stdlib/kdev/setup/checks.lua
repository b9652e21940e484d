-- What setup.lua looks at before it fetches, builds or makes anything: found later it has cost minutes, or an hour.
--   local mistake <const> = require "kdev.setup.checks"(choice, keys, machine, forced_by) -- "--memory: 64M at least"
local kdev <const> = require "kdev"

local function did_you_mean(word, names)
  local near <const> = kdev.cli.nearest(word, names)
  return near and ("; did you mean '%s'?"):format(near)
end

-- Where a value comes from: an option, or a fragment; with forced_by the option that has chosen the fragment.
local function origin_of(path, choice, forced_by)
  for _, value in ipairs(choice.origins) do
    if value.path == path or value.path:sub(1, #path + 1) == path .. "." then
      return (forced_by and forced_by[value.origin] or value.origin) .. ": "
    end
  end
  return ""
end

-- A key that nobody reads.
local function wrong_key(config, known, choice, above)
  local names <const>, is_known <const>, found <const> = {}, {}, {}
  for key, name in pairs(known) do names[#names + 1] = type(key) == "string" and key or name end
  for _, name in ipairs(names) do is_known[name] = true end
  for key in pairs(config) do found[#found + 1] = tostring(key) end
  table.sort(names)
  table.sort(found)
  for _, key in ipairs(found) do
    local path <const> = above .. key
    if not is_known[key] then
      return ("%sunknown key '%s'%s"):format(origin_of(path, choice), path, did_you_mean(key, names) or "")
    end
    if known[key] then
      if type(config[key]) ~= "table" then return origin_of(path, choice) .. path .. " has keys of its own" end
      local inner <const> = wrong_key(config[key], known[key], choice, path .. ".")
      if inner then return inner end
    end
  end
end

-- What nothing else stands in for.
local function missing(config)
  local needed <const> = { config.root ~= "disk" and "disk_size" or nil }
  if config.net == "tap" then needed[#needed + 1] = "bridge" end
  if config.root == "disk" and (config.kernel.path or config.kernel.source) then needed[#needed + 1] = "root_device" end
  for _, key in ipairs(needed) do
    if config[key] == nil then
      local why <const> = "a fragment with the name of one of the stdlib takes the place of all of it"
      return ("no fragment says %s, nor does --%s; %s"):format(key, (key:gsub("_", "-")), why)
    end
  end
end

-- An option says by itself which value it is; a fragment has many.
local function about_value(path, choice, reason)
  local origin <const> = origin_of(path, choice)
  return (origin:find "^%-%-" and origin or origin .. path .. ": ") .. reason
end

-- What kdev.vm.launch would refuse when all else is made already.
local function wrong_value(machine, choice)
  local ok <const>, err <const> = pcall(kdev.vm.command_line, machine)
  if ok then return nil end
  local field <const>, reason <const> = err.message:match "field '([%w_]+).-': (.*)"
  if not field then error(err, 0) end
  return about_value(field, choice, reason)
end

-- A base that is neither a word of kdev.kernel.configure nor a name of make's is a file.
local function wrong_base(base, choice, forced_by)
  if base == nil or base == "machine" or base == "distribution" then return nil end
  if base:find "config$" and not base:find("/", 1, true) then return nil end
  if kdev.fs.is_file(base) or kdev.fs.is_file(base .. "/.config") then return nil end
  return origin_of("kernel.config.base", choice, forced_by) .. "there is no configuration " .. base
end

-- What Linux has in its kernel/configs, and for x86: for a source that cannot be looked into yet.
local linux <const> = {
  "android-base", "android-recommended", "hardening", "kvm_guest", "nopm", "rust", "tiny", "tiny-base", "x86_debug",
  "xen",
}

local function wrong_fragment(names, source, choice)
  local tree <const> = source.path and kdev.fs.is_dir(source.path) and source.path or nil
  local is_final <const> = tree ~= nil and not source.checkout
  local known <const>, is_known <const> = kdev.kernel.fragments(tree), {}
  if not is_final then table.move(linux, 1, #linux, #known + 1, known) end
  for _, name in ipairs(known) do is_known[name] = true end
  for place, name in ipairs(names) do
    local plain <const> = name:gsub("%.config$", "")
    if not is_known[plain] and not kdev.fs.is_file(name) then
      local origin <const> = origin_of("kernel.config.fragments." .. place - 1, choice)
      local text <const> = origin .. "there is no fragment " .. name
      if name:find("/", 1, true) then return text end
      local meant <const> = did_you_mean(plain, known)
      if is_final or source.package or source.checkout == "ceph/testing" then
        return text .. (meant or "; there are: " .. table.concat(known, ", "))
      end
      -- A branch or an archive of one's own may bring it.
      kdev.ui.note(text .. " yet" .. (meant or "") .. "; it has to come with the source")
    end
  end
end

local function wrong_number(config, choice)
  for path, number in pairs { ["kernel.jobs"] = config.jobs, ["kernel.source.depth"] = config.source.depth } do
    if math.type(number) ~= "integer" or number < 1 then
      return about_value(path, choice, "1 or more expected, got " .. tostring(number))
    end
  end
end

-- What is wrong with a configuration, or nil.
--   choice     what kdev.merge.choose has given
--   keys       the keys that it can have: names, and for a key with keys of its own a table of them
--   machine    what kdev.vm.launch will get of it
--   forced_by  the options that have decided, by the paths of fragments
return function(choice, keys, machine, forced_by)
  local config <const> = choice.config
  local found <const> = wrong_key(config, keys, choice, "") or missing(config) or wrong_value(machine, choice)
  if found or not config.kernel.source then return found end
  local configure <const> = config.kernel.config or {}
  return wrong_number(config.kernel, choice) or wrong_base(configure.base, choice, forced_by)
    or wrong_fragment(configure.fragments or {}, config.kernel.source, choice)
end
