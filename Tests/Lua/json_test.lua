-- kdev.json
local test <const> = require "testing"
local json <const> = require("kdev").json
local encode <const>, decode <const> = json.encode, json.decode

local function again(text) return encode(decode(text)) end

test("data comes back as it was, integers as integers and floats as floats", function()
  for _, text in ipairs { "1", "-9223372036854775808", "9223372036854775807", "1.0", "0.1", "1e+300", "true", "null",
    '"x"', "[]", "{}", "[[],{}]", '{"a":[1,2.5,null],"b":{"c":false}}', '[null,null]' } do
    test.equal(again(text), text)
  end
  test.equal({ math.type(decode "3"), math.type(decode "3.0"), math.type(decode "3e0") },
    { "integer", "float", "float" })
end)

test("null is one value that is not nil", function()
  local value <const> = decode '{"a": null}'
  test.equal({ value.a == json.null, value.a == nil, value.b == json.null }, { true, false, false })
  test.equal(json.null == require("cjson").null, true)
end)

test("an empty table is an object unless it is marked as a list", function()
  test.equal(encode { a = {}, b = json.array {}, c = json.array(), d = json.array { 1 } },
    '{"a":{},"b":[],"c":[],"d":[1]}')
  local list <const> = decode "[]"
  list[1] = "x"
  test.equal(encode(list), '["x"]')
  list.name = "y"
  test.equal(test.fails("a list has the key name", encode, list).kind, "json")
end)

test("names are sorted and levels indented", function()
  test.equal(encode({ b = 1, a = { 1, {} } }, { pretty = true }), '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": 1\n}')
  test.equal(#encode({ b = 1, a = 2 }, { sorted = false }), 13)
  test.fails("unknown field 'prety'", encode, {}, { prety = true })
end)

test("strings are escaped and unescaped", function()
  test.equal(encode '\n\t\r"\\\1é', [["\n\t\r\"\\\u0001é"]])
  test.equal(decode [["\n\/\b\f\u00e9\uD83D\uDE00\u0000x"]], "\n/\b\fé😀\0x")
  test.equal(decode ' \t\r\n"é" ', "é")
end)

test("what is no JSON is an error with its line and column", function()
  for text, words in pairs {
    [""] = "<json>:1:1: a value expected, found the end", ["[1,\n é2]"] = "<json>:2:2: a value expected, found 'é'",
    ["[1,]"] = "<json>:1:4: a value expected, found ']'", ["[1 2]"] = "<json>:1:4: ',' or ']' expected, found '2'",
    ['{"é": 1 "b"}'] = "<json>:1:9: ',' or '}' expected", ["{a: 1}"] = "<json>:1:2: a name in quotes expected",
    ['{"a" 1}'] = "<json>:1:6: ':' expected", ['"abc'] = "<json>:1:1: the text ends in a string",
    ['"a\nb"'] = "<json>:1:3: a control character", ['"\\x"'] = "<json>:1:2: an unknown escape",
    ['"\\ud800x"'] = "half of a surrogate pair", ['"\\u12g4"'] = "four hexadecimal digits", ["01"] = "begins with 0",
    ["1."] = "a digit expected", ["-"] = "a digit expected", ["1e"] = "a digit expected", ["nul"] = "found 'n'",
    ["1 2"] = "<json>:1:3: the end of the text expected", ["NaN"] = "found 'N'",
    ['"\xff"'] = "<json>:1:2: a string that",
    ["18446744073709551616"] = "does not fit into 64 bits", ["1e999"] = "is too large",
    [("["):rep(201)] = "<json>:1:201: nested deeper than 200", ['"\\'] = "escape", ['"\\u12'] = "text ends",
  } do
    test.equal(test.fails(words, decode, text).kind, "json")
  end
  local err <const> = test.fails("", decode, "{\n  x")
  test.equal({ err.line, err.column }, { 2, 3 })
end)

test("what JSON cannot hold is an error with its place", function()
  local loop <const> = {}
  loop.a = { loop }
  for words, value in pairs {
    ["field 'a[2]': JSON has no nan"] = { a = { 1, 0 / 0 } }, ["JSON has no infinity"] = 1 / 0,
    ["field 'a': a string that is not UTF-8: byte 3 of 4"] = { a = "ab\xffc" }, ["got function"] = { print },
    ["only strings as keys"] = { 1, a = 2 }, ["a table that contains itself"] = loop,
    ["a list has the key [3]"] = json.array { 1, [3] = 2 },
    ["a table as a key"] = { [{}] = 1 },
  } do
    test.equal(test.fails(words, encode, value).kind, "json")
  end
  local deep = {}
  for _ = 1, 200 do deep = { deep } end
  test.fails("nested deeper than 200", encode, deep)
  test.equal(test.fails("value expected", encode).kind, "argument")
  test.equal(test.fails("string expected, got table", decode, {}).kind, "argument")
end)

test("200 levels are read and written", function()
  local text <const> = ("["):rep(200) .. ("]"):rep(200)
  test.equal(again(text), text)
end)

test.done()
