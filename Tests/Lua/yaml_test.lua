-- kdev.yaml
local test <const> = require "testing"
local kdev <const> = require "kdev"
local load <const>, dump <const>, null <const> = kdev.yaml.load, kdev.yaml.dump, kdev.yaml.null

test("YAML is read as PyYAML reads it", function()
  local value <const> = load "a: yes\nb: 0o10\nc: 1:30\nd: [1, x]\ne: 2026-01-02\nf: !!binary aGk=\n"
  test.equal(value, { a = true, b = "0o10", c = 90, d = { 1, "x" }, e = "2026-01-02", f = "hi" })
  test.equal(load "", null)
end)

test("what is no YAML is an error with its place", function()
  local err <const> = test.fails("<yaml>:1:", load, "a: [1")
  test.equal({ err.kind, err.line, math.type(err.column) }, { "yaml", 1, "integer" })
  test.equal(test.fails("another document", load, "a\n---\nb\n").line, 2)
  test.fails("no table can have", load, ".nan: 1")
end)

test("null and empty lists come back as they were", function()
  for _, text in ipairs { "a: null\nb: []\nc: {}\n", "- 1\n- 1.0\n- x\n- '1'\n", "[]\n", "{}\n", "null\n", "7: x\n" } do
    test.equal(dump(load(text)), (text:gsub("'", '"')))
  end
  test.equal(null == kdev.json.null, true)
  test.equal(kdev.json.encode(load "a: ~\nb: []"), '{"a":null,"b":[]}')
end)

test("what Lua has becomes the YAML that reads back as it", function()
  test.equal(dump { b = { 1, { c = "yes" } }, a = kdev.yaml.array() }, 'a: []\nb:\n  - 1\n  - c: "yes"\n')
  test.equal(dump "\xff", '!!binary "/w=="\n')
  test.equal(load(dump { 0 / 0 })[1] ~= load(dump { 0 / 0 })[1], true)
  test.equal(load(dump { [3] = "x", y = true }), { [3] = "x", y = true })
end)

test("what is no data is an error with its place", function()
  local err <const> = test.fails("field 'a[1]': plain data expected, got function", dump, { a = { print } })
  test.equal(err.kind, "yaml")
  local loop <const> = {}
  loop[1] = loop
  test.fails("a table that contains itself", dump, loop)
end)

test.done()
