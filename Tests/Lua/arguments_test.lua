-- Arguments are checked against the *.d.lua files before anything is done.
local test <const> = require "testing"
local kdev <const> = require "kdev"

test("an unknown field is named, with the one that was meant", function()
  local err <const> = test.fails(
    "kdev.disk.create: unknown field 'sise'; did you mean 'size'?", kdev.disk.create, { path = "./x", sise = "1G" })
  test.equal(err.kind, "argument")
end)

test("a missing field is named with its type", function()
  test.fails("field 'size' is missing (string or integer expected)", kdev.disk.create, { path = "./x" })
  test.fails("field 'path' is missing", kdev.disk.create)
end)

test("a wrong type is named with what was expected", function()
  test.fails("field 'size': string or integer expected, got boolean", kdev.disk.create, { path = "./x", size = true })
  test.fails([["qcow2" or "raw" expected, got "vmdk"]], kdev.disk.create, { path = "./x", size = 1, format = "vmdk" })
  test.fails("field 'backing': kdev.Disk expected, got string", kdev.disk.overlay, { path = "./x", backing = "y" })
  test.fails("table expected, got string", kdev.disk.create, "x")
end)

test("a wrong value is named", function()
  test.fails([[field 'size': "1X" is not a size]], kdev.disk.create, { path = "./x", size = "1X" })
  for _, address in ipairs { "foo", "192.168.77.9", "192.168.77.11/33", "192.168.77.0/24", "192.168.77.255/24",
    "192.168.77.12/24,192.168.77.1,notanip", "192.168.77.10/24 kdev.host=evil", "192.168.77.9/24,", "" } do
    test.fails("field 'address': \"dhcp\" or", kdev.vm.command_line,
      { name = "a", net = kdev.net.user(), address = address })
  end
  for _, address in ipairs { "dhcp", "10.0.0.2/24", "10.0.0.2/8,10.0.0.1", "10.0.0.2/31,,10.0.0.3", "fd00::2/64" } do
    test.equal(type(kdev.vm.command_line { name = "a", net = kdev.net.user(), address = address }), "table")
  end
  test.fails("a machine without a card has none", kdev.vm.command_line, { name = "a", address = "dhcp" })
  test.fails("a time expected", kdev.proc.run, { "true", timeout = "soon" })
end)

test("a wrong element of a list is named by its place", function()
  test.fails("field '[2]': string expected, got table", kdev.proc.run, { "echo", {} })
  test.fails("field 'drivers[1]': string expected, got number", kdev.kernel.find, { drivers = { 1 } })
end)

test("nothing was made", function() test.equal(kdev.fs.exists("x"), false) end)

test("a method that an object does not have is named", function()
  local disk <const> = kdev.disk.create { path = "./d.qcow2", size = "1M" }
  ---@diagnostic disable-next-line: undefined-field
  test.fails("kdev.Disk has no field 'sise'; did you mean 'size'?", function() return disk.sise end)
end)

test("a module that is not there is named", function()
  ---@diagnostic disable-next-line: undefined-field
  test.fails("kdev has no module 'dsk'; did you mean 'disk'?", function() return kdev.dsk end)
end)

test.done()
