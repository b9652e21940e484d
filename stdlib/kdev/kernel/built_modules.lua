-- The modules of a build, and which of them a guest has of another build:
--   local built <const> = require "kdev.kernel.built_modules"(output)
--   local names <const> = built.with_dependencies { "ceph" }      -- { "libceph", "ceph" }
--   built.compare(vm, names).libceph                               -- "same", "other", "absent" or "unknown"
-- Names have underscores, as the kernel writes them. A module is known by the build id that the linker gave it.
local kdev <const> = require "kdev"

local note_section <const>, build_id_note <const> = 7, 3

-- The build id in the content of a section of notes, in hexadecimal (elf(5): the sizes of name and description, the
-- type, then both, each padded to four bytes).
local function id_in(notes, order)
  local place = 1
  while place + 11 <= #notes do
    local name_size <const>, size <const>, kind <const> = string.unpack(order .. "I4I4I4", notes, place)
    local name <const>, content <const> = place + 12, place + 12 + (name_size + 3) // 4 * 4
    if kind == build_id_note and notes:sub(name, name + 3) == "GNU\0" then
      return (notes:sub(content, content + size - 1):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
    end
    place = content + (size + 3) // 4 * 4
  end
end

-- The build id of a module's file; nil when it has none.
local function build_id(path)
  local file <close> = io.open(path, "rb")
  if not file then return nil end
  local function read(place, size)
    return file:seek("set", place) and file:read(size) or ""
  end
  -- e_shoff, e_shentsize and e_shnum of Elf64_Ehdr; sh_type, sh_offset and sh_size of Elf64_Shdr.
  local head <const> = read(0, 64)
  if #head < 64 or head:sub(1, 5) ~= "\127ELF\2" then return nil end
  local order <const> = head:byte(6) == 2 and ">" or "<"
  local start <const> = string.unpack(order .. "I8", head, 41)
  local entry <const>, count <const> = string.unpack(order .. "I2I2", head, 59)
  local sections <const> = read(start, entry * count)
  for index = 0, #sections // entry - 1 do
    if string.unpack(order .. "I4", sections, index * entry + 5) == note_section then
      local place <const>, size <const> = string.unpack(order .. "I8I8", sections, index * entry + 25)
      local id <const> = id_in(read(place, size), order)
      if id then return id end
    end
  end
end

-- Says the notes of the loaded ones among the modules that are its arguments.
local loaded_notes <const> = [[
for name; do
  [ -e "/sys/module/$name/initstate" ] || continue
  echo "$name:$(od -An -v -tx1 "/sys/module/$name/notes/.note.gnu.build-id" 2>/dev/null | tr -d ' \n')"
done]]

return function(output)
  -- The files by name.
  local files <const> = {}
  local found <const> = kdev.proc.run { "find", output, "-name", "*.ko", "-not", "-path", "*/.kdevlua/*", query = true }
  for path in found.stdout:gmatch "[^\n]+" do
    files[path:match "([^/]+)%.ko$":gsub("-", "_")] = path
  end

  -- The modules with those of the build that they need, these first.
  local function with_dependencies(names)
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

  -- What the guest has of each: the "same" build, an "other" one, none ("absent"), or one of which nobody can tell, as
  -- its kernel shows no notes ("unknown").
  local function compare(vm, names)
    local said <const> = vm:exec { "sh", "-c", loaded_notes, "sh", table.unpack(names) }.stdout
    local states <const> = {}
    for _, name in ipairs(names) do states[name] = "absent" end
    for name, notes in said:gmatch "([^\n:]+):(%x*)\n" do
      local id <const> = build_id(files[name])
      if not id or notes == "" then
        states[name] = "unknown"
      else
        states[name] = notes:sub(-#id) == id and "same" or "other"
      end
    end
    return states
  end

  return { files = files, with_dependencies = with_dependencies, compare = compare }
end
