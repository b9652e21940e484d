-- kdev.ui
local test <const> = require "testing"
local kdev <const> = require "kdev"

local exe <const> = kdev.fs.absolute "/proc/self/exe"

-- What a script writes with both streams in pipes.
local function run(script, options, env)
  kdev.fs.write("ui.lua", 'local kdev <const> = require "kdev"\nlocal ui <const> = kdev.ui\n' .. script)
  local command <const> = { exe, "run", check = false, env = env }
  table.move(options or {}, 1, #(options or {}), 3, command)
  command[#command + 1] = "ui.lua"
  return kdev.proc.run(command)
end

-- What it writes to a terminal of 40 columns, and with some input typed.
local function on_terminal(script, input, env)
  kdev.fs.write("ui.lua", 'local kdev <const> = require "kdev"\nlocal ui <const> = kdev.ui\n' .. script)
  local words <const> = { "stty cols 40; exec", exe, "run", "ui.lua" }
  local process <const> = kdev.proc.spawn {
    "script", "-qec", table.concat(words, " "), "/dev/null", stdin = "pipe", check = false,
    env = env or { TERM = "xterm", NO_COLOR = "" },
  }
  local output = ""
  for _, line in ipairs(input or {}) do
    -- Typed when it is asked for.
    repeat
      local part <const> = process:read()
      output = output .. (part or "")
    until not part or output:find(line[1], 1, true)
    process:write(line[2] .. "\n")
  end
  return (output .. process:wait().stdout):gsub("\r\n", "\n")
end

---- Progress ----------------------------------------------------------------------------------------------------

test("in a pipe progress is a line at every tenth, and one at the end", function()
  local seen <const> = run([[
    local progress <close> = ui.progress { total = 100, label = "modules", unit = "files" }
    for _ = 1, 100 do progress:advance() end
  ]]).stderr
  local lines <const> = {}
  for line in seen:gmatch "[^\n]+" do lines[#lines + 1] = line end
  test.equal(#lines, 10)
  test.equal(lines[1], "  · modules  10%  10/100 files")
  test.equal(lines[9], "  · modules  90%  90/100 files")
  test.contains(lines[10], "✓ modules")
  test.contains(lines[10], "100/100 files")
end)

test("progress that an error ends has failed", function()
  local seen <const> = run([[
    local progress <close> = ui.progress { total = 2, label = "modules" }
    progress:update(1)
    error "broken"
  ]]).stderr
  test.contains(seen, "✗ modules")
  test.contains(seen, "1/2")
end)

test("bytes have prefixes, a label and a total can change", function()
  local seen <const> = run([[
    local progress <const> = ui.progress { unit = "B" }
    progress:label "disk.img"
    progress:set_total(3 << 20)
    progress:update(3 << 19)
    assert(progress.done == 3 << 19 and progress.total == 3 << 20)
    progress:close()
    progress:close()
    progress:update(1)
  ]]).stderr
  test.contains(seen, "disk.img  50%  1.5/3.0 MiB")
  test.contains(seen, "✓ disk.img")
end)

test("quiet shows no progress, and JSON has events", function()
  local script <const> = [[
    local progress <close> = ui.progress { total = 4, label = "l", unit = "u" }
    for done = 1, 4 do progress:update(done) end
  ]]
  test.equal(run(script, { "--quiet" }).stderr, "")
  local events <const> = {}
  for line in run(script, { "--log-format", "json" }).stderr:gmatch "[^\n]+" do
    local event <const> = kdev.json.decode(line)
    events[#events + 1] = { event.event, event.label, event.done, event.total, event.unit, event.outcome }
  end
  test.equal(events, {
    { "progress_started", "l", 0, 4, "u" }, { "progress", "l", 1, 4, "u" }, { "progress", "l", 2, 4, "u" },
    { "progress", "l", 3, 4, "u" }, { "progress", "l", 4, 4, "u" }, { "progress_ended", "l", 4, 4, "u", "done" },
  })
end)

test("on a terminal a bar is drawn, and taken away before a line is printed", function()
  local seen <const> = on_terminal [[
    local progress <close> = ui.progress { total = 4, label = "modules" }
    progress:update(2)
    kdev.task.sleep(0.3)
    print "a line"
    kdev.task.sleep(0.3)
  ]]
  test.contains(seen, "modules  \27[32m━━━")
  test.contains(seen, "50%  2/4\27[K")
  -- To the beginning of the bar's line, which is cleared from there on.
  test.contains(seen, "\r\27[Ja line\n")
  test.contains(seen, "✓\27[0m modules")
end)

test("a negative total is refused", function()
  test.equal(test.fails("field 'total'", kdev.ui.progress, { total = -1 }).kind, "argument")
end)

---- Tables ------------------------------------------------------------------------------------------------------

test("a table of records has its fields as columns, numbers to the right", function()
  test.equal(run([[
    print "before"
    ui.table { { name = "a", size = 5 }, { name = "longer", size = 1024 }, { name = "c" } }
    print "after"
  ]]).stdout, "before\nname    size\na          5\nlonger  1024\nc\nafter\n")
end)

test("columns, titles and alignment can be chosen", function()
  test.equal(run([[
    ui.table({ { name = "a", size = 5, more = 1 }, { "bbb", 6 } },
      { columns = { "size", "name" }, header = { "Bytes", "Name" }, align = { "left", "right" } })
    ui.table({ { name = "x" } }, { header = false })
  ]]).stdout, "Bytes  Name\n5         a\nbbb       6\nx\n")
end)

test("lists have no titles, and what is empty prints nothing", function()
  test.equal(run('ui.table { { "a", 1 }, { "bb", 22, true } } ui.table {}').stdout, "a    1\nbb  22  true\n")
end)

test("widths count the columns of a terminal", function()
  test.equal(run('ui.table { { "日本", "x" }, { "e\u{301}\\nf", "y" } }').stdout, "日本  x\ne\u{301} f   y\n")
  test.equal(kdev.ui.width "日本", 4)
  test.equal(kdev.ui.width "\27[31mred\27[0m", 3)
end)

test("a row fits into a line of a terminal, and is whole elsewhere", function()
  local script <const> = 'ui.table { { ("x"):rep(60), "end" } }'
  test.equal(run(script).stdout, ("x"):rep(60) .. "  end\n")
  test.equal(on_terminal(script), ("x"):rep(34) .. "…  end\n")
end)

test("a row that is no table, and an alignment that is none, are errors", function()
  test.fails("row 2: table expected, got string", kdev.ui.table, { {}, "x" })
  test.fails('"left", "right" or "center" expected, got "middle"', kdev.ui.table, {}, { align = { "middle" } })
end)

---- Styles ------------------------------------------------------------------------------------------------------

test("a style is for streams that show colours", function()
  local script <const> = 'io.write(ui.style("x", "bold red"))'
  test.equal(run(script).stdout, "x")
  test.equal(run(script, {}, { FORCE_COLOR = "1" }).stdout, "\27[1;31mx\27[0m")
  test.equal(run(script, {}, { CLICOLOR_FORCE = "1" }).stdout, "\27[1;31mx\27[0m")
  test.equal(run(script, {}, { CLICOLOR_FORCE = "0" }).stdout, "x")
  test.equal(run(script, {}, { CLICOLOR_FORCE = "1", NO_COLOR = "1" }).stdout, "x")
  test.equal(on_terminal(script), "\27[1;31mx\27[0m")
  test.equal(on_terminal(script, {}, { TERM = "dumb" }), "x")
  test.equal(on_terminal(script, {}, { TERM = "xterm", NO_COLOR = "1" }), "x")
end)

test("an unknown style is an error that names the nearest", function()
  test.fails("no style 'rde'; did you mean 'red'?", kdev.ui.style, "x", "bold rde")
  test.fails('"stdout" or "stderr" expected', kdev.ui.style, "x", "red", "out")
end)

---- Questions ---------------------------------------------------------------------------------------------------

test("without a terminal a question is answered by yes or its default, else it is an error", function()
  local result <const> = run [[
    print(ui.confirm("Sure?", { yes = true }), ui.confirm("Sure?", { default = false }))
    print(ui.prompt("Name", { default = "work" }), ui.select("Which", { "a", "b" }, { default = "b" }))
    local ok, err = pcall(ui.confirm, "Remove all?")
    print(ok, err.kind, err.message, err.hint ~= nil)
  ]]
  test.equal(result.stdout, "true\tfalse\nwork\tb\nfalse\tmissing\tthere is no terminal to ask on: Remove all?\ttrue\n")
end)

test("on a terminal a person answers, and other tasks go on meanwhile", function()
  local seen <const> = on_terminal([[
    local task <const> = kdev.task
    local count = 0
    local ticker <close> = task.spawn(function() while true do task.sleep(0.01) count = count + 1 end end)
    local yes <const> = ui.confirm "Go on?"
    local name <const> = ui.prompt("Name", { default = "work" })
    local net <const> = ui.select("Network", { "tap", "user" })
    print(yes, name, net, count > 0)
  ]], { { "Go on? [y/n] ", "what" }, { "y or n, please", "y" }, { "Name [work]: ", "" }, { "number or name: ", "2" } })
  test.contains(seen, "true\twork\tuser\ttrue\n")
end)

test("Ctrl-C ends a question", function()
  local seen <const> = on_terminal([[ui.confirm "Go on?"]], { { "Go on? [y/n] ", "\3" } })
  test.contains(seen, "interrupted")
end)

test("Ctrl-D, where nothing was typed, is no answer", function()
  local seen <const> = on_terminal(
    [[print(select(2, pcall(ui.prompt, "Name")).message)]], { { "Name: ", "\4" } })
  test.contains(seen, "no answer was given: Name")
end)

test.done()
