-- kdev.merge: choices by fragments.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local choose <const> = kdev.merge.choose

kdev.fs.mkdir("f/accel")
kdev.fs.write("f/accel/10-kvm.yaml", [[
teuthology:
  premerge: |
    local why = host.reason
    if not host.kvm then reject(why) end
accel: kvm
]])
kdev.fs.write("f/accel/20-tcg.yaml", "accel: tcg\nlist: [1, 2]\nnothing: ~\n")

test("the first alternative that is not rejected is taken", function()
  local choice <const> = choose { fragments = "./f", globals = { host = { kvm = true } } }
  test.equal(choice.config.accel, "kvm")
  test.equal(choice.facets[1].rejected, {})
end)

test("a rejected one says why", function()
  local choice <const> = choose { fragments = "./f", globals = { host = { kvm = false, reason = "no device" } } }
  local facet <const> = choice.facets[1]
  test.equal({ choice.config.accel, facet.chosen, facet.rejected[1] }, { "tcg", "tcg", "no device" })
end)

test("a forced one that is rejected is an error with the reason", function()
  local err <const> = test.fails("accel cannot be what was asked for: kvm: no device", choose,
    { fragments = "./f", globals = { host = { kvm = false, reason = "no device" } }, forced = { accel = "kvm" } })
  test.equal(err.kind, "choice")
  test.fails("'accel' has no alternative 'xen'; there are: kvm, tcg", choose,
    { fragments = "./f", globals = { host = {} }, forced = { accel = "xen" } })
end)

test("a team's fragments in .kdevlua override and add", function()
  kdev.fs.mkdir(".kdevlua/fragments/setup/accel")
  kdev.fs.write(".kdevlua/fragments/setup/accel/10-kvm.yaml", "accel: ours\n")
  local facts <const> = {
    kvm = { works = false, because = "" }, tap = { works = true }, vhost = { works = false, because = "x" },
  }
  local choice <const> = choose { fragments = "setup", globals = { host = facts } }
  test.equal({ choice.config.accel, choice.config.net, choice.config.vhost }, { "ours", "tap", false })
end)

test("a script changes what is merged, and keeps what it leaves", function()
  kdev.fs.mkdir("g/z")
  kdev.fs.write("g/base.yaml", "list: [1]\nempty: []\n")
  kdev.fs.write("g/z/x.yaml", [[
teuthology:
  premerge: |
    yaml_fragment.added = py_len(yaml.list)
    accept()
    error 'not reached'
]])
  local config <const> = choose({ fragments = "./g", globals = {} }).config
  test.equal({ config.added, config.list, config.empty }, { 1, { 1 }, {} })
end)

test("a script has no way out", function()
  for name in ("io os require load dofile debug package setmetatable pcall _G kdev"):gmatch "%S+" do
    kdev.fs.mkdir("h/a")
    kdev.fs.write("h/a/x.yaml", "teuthology:\n  premerge: |\n    assert(" .. name .. " == nil, '" .. name .. "')\n")
    choose { fragments = "./h" }
  end
end)

test("a script that does not end is stopped", function()
  kdev.fs.write("h/a/x.yaml", "teuthology:\n  premerge: |\n    while true do end\n")
  test.contains(test.fails("runs too long", choose, { fragments = "./h" }), "x.yaml:3")
end)

test("an error in a script names fragment and line", function()
  kdev.fs.write("h/a/x.yaml", "teuthology:\n  premerge: |\n    local x\n    x.y = 1\n")
  local err <const> = test.fails("attempt to index a nil value", choose, { fragments = "./h" })
  test.contains(err, "x.yaml:4")
end)

test.done()
