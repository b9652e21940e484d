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

test("a subset must be one", function()
  for _, subset in ipairs { "2/2", "x", "1", "-1/2" } do
    test.equal(suite("plan", "qa/suites/s", "--subset=" .. subset).status, 2)
  end
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
  test.contains(result.stdout, "qa/suites/wrong/a.yaml:4: error: premerge: 'end' expected (to close 'if' at line 1) near <eof>")
  test.contains(result.stderr, "1 fragments, 1 errors, 0 warnings")
end)
