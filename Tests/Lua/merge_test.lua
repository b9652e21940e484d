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
    kvm = { works = false, because = "" }, tun = { works = true }, vhost = { works = false, because = "x" },
  }
  local asked <const> = { forward = {} }
  local choice <const> = choose { fragments = "setup", globals = { host = facts, asked = asked } }
  test.equal({ choice.config.accel, choice.config.net, choice.config.vhost }, { "ours", "tap", false })
end)

test("what is merged over a choice counts more, has its origin, and is seen by postmerge scripts", function()
  kdev.fs.mkdir("o/a")
  kdev.fs.write("o/a/x.yaml", "memory: 1G\nlist: [1]\n")
  kdev.fs.write("o/rules.yaml", [[
teuthology:
  postmerge:
  - |
    if yaml.memory == "3G" then reject("too much: " .. yaml.memory) end
]])
  local function over(memory)
    return choose {
      fragments = "./o",
      over = {
        { origin = "--memory", config = { memory = memory } }, { origin = "--list", config = { list = { 2 } } },
      },
    }
  end
  local choice <const> = over "2G"
  test.equal({ choice.config.memory, choice.config.list }, { "2G", { 1, 2 } })
  local origin <const> = {}
  for _, value in ipairs(choice.origins) do origin[value.path] = value.origin end
  test.equal({ origin.memory, origin["list.1"] }, { "--memory", "--list" })
  test.equal(choice.facets[1].path, "./o/a/x.yaml")
  local err <const> = test.fails("the choices do not fit together: too much: 3G (./o/rules.yaml:4)", over, "3G")
  test.equal(err.kind, "choice")
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
  test.equal(kdev.json.encode(config.empty), "[]")
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

test("fragments merge over a base as teuthology merges a job", function()
  kdev.fs.mkdir "m"
  kdev.fs.write("m/a.yaml", "tasks: [a]\nkernel: {client: {branch: testing}}\n")
  kdev.fs.write("m/k.yaml", [[
teuthology:
  premerge: |
    if base_config.kernel == nil then reject "no kernel was asked for" end
    yaml_fragment.kernel.client = base_config.kernel
  postmerge:
  - py_attrgetter(yaml.tasks).append(py_len(yaml.tasks))
kernel: {client: {}}
]])
  local fragments <const> = { "m/a.yaml", "m/k.yaml", { extra = { 1 } } }
  local with <const> = kdev.merge { fragments = fragments, base_config = { kernel = { branch = "wip" } } }
  test.equal(with.config.kernel, { branch = "wip", client = { branch = "wip" } })
  test.equal({ with.config.tasks, with.config.extra, with.rejected }, { { "a", 1 }, { 1 }, nil })
  local without <const> = kdev.merge { fragments = fragments }
  test.equal(without.config.kernel, { client = { branch = "testing" } })
  test.equal(without.dropped, { { fragment = "m/k.yaml", line = 3, reason = "no kernel was asked for" } })
  test.equal(without.fragments, { "m/a.yaml", "fragment 3" })
end)

test("a merge says where each value comes from", function()
  local origin <const> = {}
  local result <const> = kdev.merge {
    fragments = { "m/a.yaml", "m/k.yaml" }, base_config = { tasks = { "base" }, kernel = { branch = "wip" }, x = 1 },
  }
  for _, value in ipairs(result.origins) do origin[value.path] = value.origin end
  test.equal({ origin.x, origin["tasks.0"], origin["tasks.1"], origin["tasks.2"], origin["kernel.client.branch"] },
    { "base_config", "base_config", "m/a.yaml", "postmerge scripts", "m/k.yaml" })
end)

test("a rejected merge has no configuration, and says why", function()
  kdev.fs.write("m/no.yaml", "teuthology:\n  postmerge:\n  - if yaml.x then reject() end\nx: true\n")
  local result <const> = kdev.merge { fragments = { "m/no.yaml" } }
  test.equal(result.rejected, { fragment = "m/no.yaml", line = 3, reason = "if yaml.x then reject() end" })
  test.equal(result.config, nil)
  local filtered <const> = kdev.merge { fragments = { { y = 1 } }, description = "a/b", filter = { "c" } }
  test.equal(filtered.rejected, { reason = "it does not match --filter c" })
end)

test("what cannot be merged is an error that names the file", function()
  kdev.fs.write("m/list.yaml", "kernel: []\n")
  local err <const> = test.fails("m/list.yaml: kernel: cannot merge sequence into mapping", kdev.merge,
    { fragments = { "m/a.yaml", "m/list.yaml" } })
  test.equal(err.kind, "merge")
  test.fails("m/none.yaml: No such file", kdev.merge, { fragments = { "m/none.yaml" } })
  test.fails("must be a path or a table", kdev.merge, { fragments = { 5 } })
end)

test("the jobs of a suite come one by one", function()
  kdev.fs.mkdir "qa/suites/s/a"
  kdev.fs.mkdir "qa/suites/s/b"
  kdev.fs.write("qa/suites/s/%", "")
  for _, name in ipairs { "1", "2" } do
    kdev.fs.write("qa/suites/s/a/" .. name .. ".yaml", "a: " .. name .. "\n")
    kdev.fs.write("qa/suites/s/b/" .. name .. ".yaml",
      "b: " .. name .. "\nteuthology: {postmerge: ['if yaml.a ~= yaml.b then reject() end']}\n")
  end
  local found <const> = {}
  for job in kdev.merge.suite { folder = "qa/suites/s", base_config = { c = 3 } } do
    local config <const> = job.config
    found[#found + 1] = ("%s %d%d%d %d"):format(job.description, config.a, config.b, config.c, #job.fragments)
  end
  test.equal(found, { "s/{a/1 b/1} 113 2", "s/{a/2 b/2} 223 2" })
  kdev.fs.write("qa/suites/s/b/1.yaml", "teuthology:\n")
  local jobs <const> = kdev.merge.suite { folder = "qa/suites/s", keep_going = true }
  test.contains(jobs().error, "b/1.yaml: teuthology must be a mapping, not null")
  test.equal(jobs().config.a, 2)
  test.fails("in the job s/{a/1 b/1}", kdev.merge.suite { folder = "qa/suites/s" })
end)

test.done()
