-- Tests as scripts of kdevlua:
--   local test <const> = require "testing"
--   test("addition adds", function() test.equal(1 + 1, 2) end)
--   test.done()
-- A line a test; done() ends the script with an error when one failed.
local test = {}
local failed = 0

local function show(value)
  if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
  local parts <const> = {}
  for k, v in pairs(value) do parts[#parts + 1] = tostring(k) .. "=" .. show(v) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- Raises unless both are the same, tables by their content.
function test.equal(found, wanted)
  if show(found) ~= show(wanted) then error(show(found) .. " is not " .. show(wanted), 2) end
end

-- Raises unless the text has the part.
function test.contains(text, part)
  if not tostring(text):find(part, 1, true) then error(show(part) .. " is not in " .. show(tostring(text)), 2) end
end

-- Raises unless calling f fails with an error whose text has the part; returns the error.
function test.fails(part, f, ...)
  local ok <const>, err <const> = pcall(f, ...)
  if ok then error("no error, expected one with " .. show(part), 2) end
  if not tostring(err):find(part, 1, true) then error(show(part) .. " is not in " .. show(tostring(err)), 2) end
  return err
end

function test.done()
  if failed > 0 then error(failed .. " failed", 0) end
end

return setmetatable(test, {
  __call = function(_, name, body)
    local ok <const>, err <const> = xpcall(body, function(e) return debug.traceback(tostring(e), 2) end)
    if ok then
      print("ok " .. name)
    else
      failed = failed + 1
      print("FAIL " .. name .. "\n  " .. tostring(err):gsub("\n", "\n  "))
    end
  end,
})
