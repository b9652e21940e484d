-- Errors: one object from every module, and what scripts raise stays as it is.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local function caught(f, ...)
  local ok <const>, err <const> = pcall(f, ...)
  if ok then error("no error", 2) end
  return err
end

-- One error of each module: its kind, a part of its message, and the call.
---@diagnostic disable: undefined-field
local of_module <const> = {
  { "cli", "argument", "unknown field 'tpe'", function() kdev.cli.options { about = "", { "a", tpe = 1 } } end },
  { "disk", "missing", "there is no disk image", function() kdev.disk.info "/nonexistent/a" end },
  { "env", "argument", "string expected, got table", function() kdev.env.get {} end },
  { "fs", "missing", "could not read /nonexistent/a: No such file", function() kdev.fs.read "/nonexistent/a" end },
  { "glob", "argument", "string expected, got no value", function() kdev.glob.list() end },
  { "host", "argument", "field 'kernel': kdev.Kernel expected", function() kdev.host.facts { kernel = 1 } end },
  { "json", "json", "<json>:1:4: a value expected", function() kdev.json.decode "[1," end },
  { "kernel", "invalid", "not a kernel that QEMU can boot", function() kdev.kernel.find { path = "/etc/passwd" } end },
  { "log", "argument", "string expected, got nil", function() kdev.log.info(nil) end },
  { "merge", "missing", "there are no fragments nothing", function() kdev.merge.choose { fragments = "nothing" } end },
  { "net", "invalid", "cannot be an interface's name", function() kdev.net.bridge { name = ("x"):rep(16) } end },
  { "path", "argument", "string expected, got table", function() kdev.path.join {} end },
  { "proc", "command", "sh ended with status 3", function() kdev.proc.run { "sh", "-c", "exit 3" } end },
  { "sandbox", "limit", "used up its instructions", function()
    kdev.sandbox.run { "while true do end", instructions = 1000 }
  end },
  { "task", "timeout", "timed out after 0.01 s", function()
    kdev.task.timeout(0.01, function() kdev.task.sleep(60) end)
  end },
  { "teuthology", "permission", "never pushes to master", function() kdev.teuthology.push { branch = "master" } end },
  { "time", "invalid", "is not a time in seconds", function() kdev.time.format(1 / 0) end },
  { "transaction", "invalid", "cannot be a machine's name", function() kdev.transaction.begin { name = "a b" } end },
  { "ui", "argument", "no style 'rde'", function() kdev.ui.style("a", "rde") end },
  { "vm", "invalid", "no machine nothing is running", function() kdev.vm.get "nothing" end },
  { "vnc", "invalid", "no machine that ssh could reach", function() kdev.vnc.tunnel { host = "-x", display = 1 } end },
  { "yaml", "yaml", "<yaml>:1:", function() kdev.yaml.load "a: [" end },
}
---@diagnostic enable

test("every module raises the same sort of object", function()
  local seen <const> = {}
  for _, case in ipairs(of_module) do
    local name <const>, kind <const>, part <const>, call <const> = table.unpack(case)
    local err <const> = caught(call)
    test.equal({ name, type(err), err.kind }, { name, "userdata", kind })
    test.contains(err.message, part)
    test.contains(tostring(err), err.message)
    -- It names the line of the script, and a field that it does not have is nil.
    test.contains(err.location, "errors_test.lua:")
    test.equal(err.nonesuch, nil)
    seen[name] = true
  end
  -- None was forgotten above.
  local modules = 0
  for module in kdev.proc.run({ kdev.fs.absolute "/proc/self/exe", "types" }).stdout:gmatch "types/(%w+)%.d%.lua" do
    modules = modules + 1
    if module ~= "kdev" then test.equal({ module, seen[module] }, { module, true }) end
  end
  test.equal(modules, #of_module + 1)
end)

test("a failed command is in its error, with its status and what it said", function()
  local err <const> = caught(kdev.proc.run, { "sh", "-c", "echo bad >&2; kill -9 $$" })
  test.equal({ err.kind, err.status, err.stderr, err.command }, {
    "command", 137, "bad\n", { "sh", "-c", "echo bad >&2; kill -9 $$" },
  })
end)

test("so is one that is not there, and one that took too long", function()
  local missing <const> = caught(kdev.proc.run, { "nonesuch-program", "a" })
  test.equal({ missing.kind, missing.command, missing.status }, { "missing", { "nonesuch-program", "a" } })
  test.contains(missing.hint, "install nonesuch-program")
  local late <const> = caught(kdev.proc.run, { "sleep", "60", timeout = "50ms" })
  test.equal({ late.kind, late.command }, { "timeout", { "sleep", "60" } })
end)

test("what cannot be read says where", function()
  local json <const> = caught(kdev.json.decode, '{\n"a": x}')
  test.equal({ json.kind, json.line, json.column }, { "json", 2, 6 })
  local yaml <const> = caught(kdev.yaml.load, "a: b\nc: !!nonesuch d")
  test.equal({ yaml.kind, yaml.line }, { "yaml", 2 })
end)

test("a string or table that a script raises stays what it is", function()
  local value <const> = { code = 7 }
  -- Through a Swift function, through a task, and through a program's output.
  local ways <const> = {
    function(f) kdev.ui.step("step", f) end,
    function(f) kdev.task.spawn(f):await() end,
    function(f) kdev.task.all { f } end,
    function(f) kdev.proc.run { "echo", "a", stdout = f } end,
  }
  for _, way in ipairs(ways) do
    test.equal(rawequal(caught(way, function() error(value) end), value), true)
    test.equal(caught(way, function() error("text", 0) end), "text")
    test.equal(caught(way, function() error() end), nil)
  end
end)

test("an object keeps its identity on the same ways, and when it is raised again", function()
  local first
  local err <const> = caught(kdev.ui.step, "step", function()
    first = caught(kdev.fs.read, "/nonexistent/a")
    error(first, 0)
  end)
  test.equal({ err.kind, err.message }, { first.kind, first.message })
  test.contains(err.traceback or "", "errors_test.lua")
end)

test("an error keeps the one that led to it as its cause", function()
  -- A callback's result that cannot leave Lua: an error about the result, caused by the one about the value in it.
  local err <const> = caught(kdev.ui.step, "step", function() return { f = print } end)
  test.contains(err.message, "result #1 of a callback")
  test.equal(err.cause.kind, "argument")
  test.contains(err.cause.message, "plain data expected, got function")
  local outer <const> = caught(kdev.task.all, { function() error(err, 0) end })
  test.equal(outer.cause.message, err.cause.message)
end)

test("errors join texts, and have no field that can be set", function()
  local err <const> = caught(kdev.fs.read, "/nonexistent/a")
  test.contains("failed: " .. err, "failed: ")
  test.equal(pcall(function() err.kind = "other" end), false)
end)

test.done()
