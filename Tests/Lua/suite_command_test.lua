-- kdevlua suite: its output, its statuses and its errors. What the jobs are is compared with teuthology in Tests/Suite.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local program <const> = kdev.fs.absolute "/proc/self/exe"

local function suite(...)
  local words <const> = { program, "suite", ... }
  words.check = false
  return kdev.proc.run(words)
end

local function write(files)
  for path, text in pairs(files) do
    kdev.fs.mkdir(kdev.path.dirname(path))
    kdev.fs.write(path, text)
  end
end

write {
  ["qa/suites/s/%"] = "",
  ["qa/suites/s/os/centos.yaml"] = "os_type: centos\n",
  ["qa/suites/s/os/ubuntu.yaml"] = "os_type: ubuntu\n",
  ["qa/suites/s/tasks.yaml"] = "tasks: [one: , two: ]\n",
}

test("the matrix alone is printed by names", function()
  local result <const> = suite("plan", "qa/suites/s", "--no-merge", "--format", "names")
  test.equal(result.stdout, "s/{os/centos tasks}\ns/{os/ubuntu tasks}\n")
  test.contains(result.stderr, "seed 1\n")
  test.equal(suite("plan", "qa/suites/s", "--no-merge", "--format", "names", "-q").stderr, "")
end)

test("a name can be given, and a limit", function()
  local result <const> =
    suite("plan", "qa/suites/s", "--no-merge", "--format", "names", "--suite-name", "x:y", "--limit", "1")
  test.equal(result.stdout, "x:y/{os/centos tasks}\n")
end)

write {
  ["qa/suites/k/%"] = "",
  ["qa/suites/k/begin.yaml"] = "tasks: [{install: null}]\nwhen: x\n",
  ["qa/suites/k/mount/fuse.yaml"] = "client: fuse\ntasks: [{fuse: 1}]\n",
  ["qa/suites/k/mount/kclient.yaml"] = [[
client: kclient
teuthology:
  premerge: |
    if base_config.kernel == nil then reject() end
    yaml_fragment.branch = base_config.kernel.branch
]],
  ["qa/suites/k/z.yaml"] = [[
teuthology:
  postmerge:
    - |
      local client = py_attrgetter(yaml).get("client")
      if client == "fuse" then reject() end
]],
}

test("limits are numbers from 0 on", function()
  for _, command in ipairs { { "plan" }, { "why", [3] = "s" } } do
    for _, limit in ipairs { { "--limit=-1" }, { "--limit", "-1" } } do
      local result <const> = suite(command[1], "qa/suites/s", command[3] or "--quiet", table.unpack(limit))
      test.equal(result.status, 2)
      test.contains(result.stderr, "--limit must be a number from 0 on")
    end
  end
end)

test("numbers below zero need no =", function()
  local result <const> = suite("plan", "qa/suites/s", "--no-merge", "--format", "names", "--seed", "-1")
  test.equal(result.status, 0)
  test.equal(result.stderr:match "^seed %d+\n" ~= nil, true)
  test.equal(suite("plan", "qa/suites/s", "--no-merge", "--seed", "-7").stderr:match "seed %S+", "seed -7")
  for option, what in pairs {
    ["--seed"] = "--seed must be a number from 0 on, or -1", ["--limit"] = "--limit must be a number from 0 on",
    ["--priority"] = "--priority must be 0 to", ["--num"] = "--num must be", ["--throttle"] = "--throttle must be",
    ["--job-threshold"] = "--job-threshold must be", ["--timeout"] = "--timeout must be",
    ["--sleep-before-teardown"] = "--sleep-before-teardown must be",
  } do
    local wrong <const> = suite("schedule", "--suite", "s", option, "-2")
    test.equal(wrong.status, 2)
    test.contains(wrong.stderr, what)
  end
end)

write {
  ["qa/suites/endless/%"] = "",
  ["qa/suites/endless/z.yaml"] = "teuthology: {postmerge: ['while true do end']}\n",
}
-- Each of them ends by its limit, after a fraction of a second.
for number = 1, 200 do write { ["qa/suites/endless/n/" .. number .. ".yaml"] = "n: 1\n" } end

test("Ctrl-C ends a plan, whatever its scripts do", function()
  local began <const> = kdev.time.monotonic()
  local result <const> = kdev.proc.run {
    "timeout", "--foreground", "--preserve-status", "-s", "INT", "0.5", program, "suite", "plan", "qa/suites/endless",
    "--keep-going", check = false,
  }
  test.equal(result.status, 130)
  test.contains(result.stderr, "interrupted")
  test.equal(kdev.time.monotonic() - began < 4, true)
end)

test("a plan has what the scripts leave", function()
  local result <const> = suite("plan", "qa/suites/k", "--format", "names", "--kernel", "wip-x")
  test.equal(result.stdout, "k/{begin mount/kclient z}\n")
  test.contains(result.stderr, "2 jobs of 2 looked at, 1 in the plan")
end)

test("json is a line a job, with relative paths", function()
  local result <const> = suite("plan", "qa/suites/k", "--format", "json", "--kernel", "none")
  local job <const> = kdev.json.decode(result.stdout)
  test.equal(job.description, "k/{begin mount/kclient z}")
  test.equal(job.fragments, { "begin.yaml", "mount/kclient.yaml", "z.yaml" })
  test.equal(job.job.teuthology.fragments_dropped, { "mount/kclient.yaml" })
  test.equal(job.job.branch, nil)
end)

test("yaml is a document a job", function()
  local result <const> =
    suite("plan", "qa/suites/k", "--format", "yaml", "--kernel", "wip-x", "--kernel-sha1", "abc")
  local job <const> = kdev.yaml.load(result.stdout)
  test.equal(job.job.kernel, { branch = "wip-x", kdb = 1, sha1 = "abc", flavor = "default" })
  test.equal(job.job.branch, "wip-x")
end)

test("a table counts jobs by facet and choice", function()
  local result <const> = suite("plan", "qa/suites/k", "--kernel", "wip-x")
  test.equal(result.stdout, [[
FACET  CHOICE   MATRIX  PLAN
.      begin         2     1
       z             2     1
mount  fuse          1     0
       kclient       1     1
]])
end)

test("filters and the distribution are heeded", function()
  local function names(...) return suite("plan", "qa/suites/s", "--format", "names", "-q", ...).stdout end
  test.equal(names("--filter", "x, centos"), "s/{os/centos tasks}\n")
  test.equal(names("--filter-out", "centos"), "s/{os/ubuntu tasks}\n")
  test.equal(names("--filter-all", "tasks,ubuntu"), "s/{os/ubuntu tasks}\n")
  test.equal(names("--filter", "os/.*%.yaml", "--filter-fragments"), "s/{os/centos tasks}\ns/{os/ubuntu tasks}\n")
  test.equal(names("--os-type", "Ubuntu"), "s/{os/ubuntu tasks}\n")
end)

test("a base configuration comes from a file", function()
  write { ["base.yaml"] = "owner: me\n", ["list.yaml"] = "[1]\n" }
  local result <const> = suite("plan", "qa/suites/s", "--format", "json", "--limit", "1", "--base-config", "base.yaml")
  test.contains(result.stdout, '"owner":"me"')
  local wrong <const> = suite("plan", "qa/suites/s", "--base-config", "list.yaml")
  test.equal(wrong.status, 2)
  test.contains(wrong.stderr, "list.yaml: must be a mapping, not a sequence")
end)

test("why names the line that rejects a job, and what each fragment did", function()
  local result <const> = suite("why", "qa/suites/k", "fuse")
  test.contains(result.stdout, "k/{begin mount/fuse z}\n  not in the plan: the postmerge script of z.yaml, line 5: ")
  test.contains(result.stdout, '`if client == "fuse" then reject() end`')
  test.contains(result.stdout, "  + mount/fuse.yaml\n      adds client\n      appends 1 to tasks\n")
end)

test("why names the line that drops a fragment", function()
  local result <const> = suite("why", "qa/suites/k", "kclient")
  test.contains(result.stdout, "k/{begin mount/kclient z}\n  in the plan\n")
  test.contains(result.stdout, "  - mount/kclient.yaml: dropped by its premerge script, line 4: ")
end)

test("why names the filter", function()
  local result <const> = suite("why", "qa/suites/s", "centos", "--filter", "ubuntu")
  test.contains(result.stdout, "not in the plan: it does not match --filter ubuntu")
end)

test("why says when no job has the part", function()
  local result <const> = suite("why", "qa/suites/s", "fedora")
  test.equal(result.status, 2)
  test.contains(result.stderr, "none of the 2 jobs has 'fedora' in its description")
end)

write {
  ["qa/suites/bad/a.yaml"] = "x: 1\n",
  ["qa/suites/bad/b.yaml"] = "teuthology: {premerge: 'error(\"stop\")'}\n",
  ["qa/suites/bad/c.yaml"] = "x: 3\n",
}

test("the first job that cannot be merged ends the plan", function()
  local result <const> = suite("plan", "qa/suites/bad", "--format", "names")
  test.equal({ result.status, result.stdout }, { 1, "bad/a\n" })
  test.contains(result.stderr, "b.yaml:1: ")
  test.contains(result.stderr, "stop")
end)

test("keep-going says so and goes on", function()
  local result <const> = suite("plan", "qa/suites/bad", "--format", "names", "--keep-going")
  test.equal({ result.status, result.stdout }, { 1, "bad/a\nbad/c\n" })
  test.contains(result.stderr, "stop")
end)

test("a subset must be one", function()
  for _, subset in ipairs { "8/8", "x", "1", "-1/2" } do
    for _, result in ipairs {
      suite("plan", "qa/suites/s", "--subset=" .. subset), suite("plan", "qa/suites/s", "--subset", subset),
      suite("schedule", "--suite", "s", "--subset", subset),
    } do
      test.equal(result.status, 2)
      test.contains(result.stderr, "I/N expected, as 0/32, with I from 0 to N-1")
    end
    test.fails("with I from 0 to N-1", kdev.merge.suite, { folder = "qa/suites/s", subset = subset })
  end
end)

test("no-compat does better where teuthology is plainly wrong", function()
  write {
    ["qa/suites/odd/%"] = "", ["qa/suites/odd/a/1.yaml"] = "a: 1\n", ["qa/suites/odd/a/2.yaml"] = "a: 2\n",
    ["qa/suites/odd/a/3.yaml"] = "a: 3\n", ["qa/suites/odd/none/README"] = "no fragment\n",
  }
  local plain <const> = suite("plan", "qa/suites/odd", "--format", "names")
  test.equal(plain.status, 1)
  test.contains(plain.stderr, "qa/suites/odd/none")
  local better <const> = suite("plan", "qa/suites/odd", "--format", "names", "--no-compat")
  test.equal({ better.status, better.stdout }, { 0, "odd/{a/1}\nodd/{a/2}\nodd/{a/3}\n" })
  test.equal(suite("why", "qa/suites/odd", "a/2", "--no-compat").status, 0)
  -- Slices share all 15 jobs.
  kdev.fs.remove_tree "qa/suites/odd/none"
  for number = 1, 5 do write { [("qa/suites/odd/b/%d.yaml"):format(number)] = "b: 1\n" } end
  local function count(number, ...)
    local _, lines <const> =
      suite("plan", "qa/suites/odd", "--format", "names", "-q", "--subset", number .. "/2", ...).stdout:gsub("\n", "")
    return lines
  end
  test.equal({ count(0), count(1) }, { 7, 7 })
  test.equal({ count(0, "--no-compat"), count(1, "--no-compat") }, { 7, 8 })
  -- And the module.
  local found = 0
  for _ in kdev.merge.suite { folder = "qa/suites/odd", subset = "1/2", compat = false } do found = found + 1 end
  test.equal(found, 8)
end)

test("a folder that is not there is no broken link", function()
  local result <const> = suite("plan", "qa/suites/nope")
  test.equal({ result.status, result.stdout }, { 1, "" })
  test.contains(result.stderr, "qa/suites/nope: does not exist\n")
end)

test("a broken link is an error that names it", function()
  write { ["qa/suites/broken/a.yaml"] = "" }
  kdev.proc.run { "ln", "-s", "nowhere", "qa/suites/broken/b.yaml" }
  local result <const> = suite("plan", "qa/suites/broken")
  test.equal({ result.status, result.stdout }, { 1, "" })
  test.contains(result.stderr, "qa/suites/broken/b.yaml: does not exist; is it a broken link?")
end)

test("check finds mistakes and ends with 1", function()
  test.equal(suite("check", "qa/suites/s").status, 0)
  write { ["qa/suites/wrong/a.yaml"] = "teuthology:\n  premerge: |\n    if x then\n      reject()\n" }
  local result <const> = suite("check", "qa/suites/wrong")
  test.equal(result.status, 1)
  test.contains(result.stdout,
    "qa/suites/wrong/a.yaml:4: error: premerge: 'end' expected (to close 'if' at line 1) near <eof>")
  test.contains(result.stderr, "1 fragments, 1 errors, 0 warnings")
end)

test("check warns of names that scripts do not have", function()
  write {
    ["qa/suites/names/%"] = "",
    ["qa/suites/names/a.yaml"] = "x: 1\nteuthology:\n  premerge: |\n    local log = log\n    if seed == 2 then\n" ..
      "      rejct('no')\n    end\n    why = os_type or yaml_fragment\n    accept(why)\n",
    ["qa/suites/names/b.yaml"] = "teuthology: {postmerge: ['local a = 1 function b() end', 'b(a) given()']}\n",
    ["qa/suites/names/c.yaml"] = "teuthology: {postmerge: ['given = py_list', 'os.exit()']}\n",
  }
  local result <const> = suite("check", "qa/suites/names")
  local here <const> = kdev.fs.absolute "qa/suites/names"
  test.equal({ result.status, result.stdout }, {
    0, here .. "/a.yaml:6: warning: premerge: the global 'rejct' is nowhere given a value; did you mean 'reject'?\n" ..
      here .. "/c.yaml: warning: teuthology.postmerge[1], line 1: the global 'os' is nowhere given a value\n",
  })
end)

test("check knows what every job begins with", function()
  write {
    ["qa/suites/meta/a.yaml"] = "owner: {x: 1}\n", ["meta.yaml"] = "owner: [1]\n", ["broken.yaml"] = "[\n",
  }
  test.equal(suite("check", "-q", "qa/suites/meta").status, 0)
  local result <const> = suite("check", "-q", "qa/suites/meta", "--base-config", "meta.yaml")
  test.equal(result.status, 1)
  test.contains(result.stdout, "a.yaml: error: owner is a mapping, but a list in meta.yaml, which is merged before it")
  -- And so it is.
  test.contains(suite("plan", "qa/suites/meta", "--base-config", "meta.yaml").stderr, "owner")
  test.contains(suite("check", "qa/suites/meta", "--base-config", "broken.yaml").stderr, "kdevlua: broken.yaml:")
end)

test.done()
