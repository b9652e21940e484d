-- What the program answers to what was typed: help, wrong words, output that cannot be written.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local program <const> = kdev.fs.absolute "/proc/self/exe"

local function kdevlua(...) return kdev.proc.run { program, check = false, ... } end

test("each command that takes a script's words has a help of its own", function()
  for _, command in ipairs { "run", "eval", "repl", "warm" } do
    for _, option in ipairs { "--help", "-h" } do
      local result <const> = kdevlua(command, option)
      test.equal({ result.status, result.stderr }, { 0, "" })
      test.contains(result.stdout, "USAGE: kdevlua " .. command)
    end
  end
end)

test("no default in a help is a type of Swift's", function()
  test.contains(kdevlua("suite", "schedule", "--help").stdout:gsub("%s+", " "), "enabled. (default: true)")
  for _, command in ipairs { "plan", "why", "schedule", "status", "kernel", "check" } do
    local text <const> = kdevlua("suite", command, "--help").stdout:gsub("%s+", " ")
    test.equal(text:match "%(default: %w+%(.-%)", nil)
  end
end)

test.done()
