-- `kdevlua types`: the types of kdev's modules for lua-language-server.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local exe <const> = kdev.fs.absolute "/proc/self/exe"

local function types(...) return kdev.proc.run({ exe, "types", ... }).stdout end

test("the files are written, and named in a .luarc.json", function()
  test.contains(types("--install", "--directory", "types"), "wrote .luarc.json")
  local folder <const> = kdev.fs.absolute "types"
  local settings <const> = kdev.json.decode(kdev.fs.read ".luarc.json")
  test.equal(settings["workspace.library"], { folder })
  test.equal(settings["runtime.version"], "Lua 5.4")
  local count = 0
  for name in types():gmatch "types/([^\n]+)" do
    count = count + 1
    local text <const> = kdev.fs.read("types/" .. name)
    -- The name is what a script requires: the server finds the file by it.
    local module <const> = name == "kdev.d.lua" and "kdev" or "kdev." .. name:gsub("%.d%.lua$", "")
    test.equal(text:match "^[^\n]+", "---@meta " .. module)
    test.contains(text, "---@class " .. module .. "\n")
    assert(load(text, "@" .. name))
    for line in text:gmatch "[^\n]+" do
      if line:find "^%-%-%-@" then
        local tag <const> = line:match "^%-%-%-@(%a+)"
        local known <const> = { meta = true, class = true, field = true, param = true, ["return"] = true,
          overload = true }
        test.equal({ line, known[tag] }, { line, true })
      end
    end
  end
  test.equal(count, #kdev.fs.list "types")
  test.equal(kdev.fs.exists "types/disk.d.lua", true)
end)

test("a second time changes nothing", function()
  local before <const> = kdev.fs.read ".luarc.json"
  test.contains(types("--install", "--directory", "types"), ".luarc.json names it already")
  test.equal(kdev.fs.read ".luarc.json", before)
end)

test("a .luarc.json that is there is left as it is", function()
  kdev.fs.write(".luarc.json", "{}")
  local said <const> = types("--install", "--directory", "types")
  test.contains(said, "its workspace.library should have " .. kdev.fs.absolute "types")
  test.equal(kdev.fs.read ".luarc.json", "{}")
end)

test("without a directory they go to the user's data", function()
  local data <const> = kdev.fs.absolute "data"
  kdev.proc.run { exe, "types", "--install", env = { XDG_DATA_HOME = data } }
  test.equal(kdev.fs.exists(data .. "/kdevlua/types/kdev.d.lua"), true)
end)

test.done()
