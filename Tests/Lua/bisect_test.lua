-- kdev.kernel.bisect with builds and guests that cost nothing. Those of real ones are in Tests/System.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local function git(tree, ...) return kdev.proc.run({ "git", "-C", tree, ... }).stdout end

local function commit(tree, number, path)
  kdev.fs.write(tree .. "/" .. path, tostring(number))
  git(tree, "add", "-A")
  git(tree, "commit", "--quiet", "-m", "commit " .. number)
  git(tree, "tag", "c" .. number)
end

-- A repository with so many commits, which change the file "number"; those that are named change "other", too.
local function repository(tree, count, others)
  kdev.proc.run { "git", "init", "--quiet", "-b", "main", tree }
  git(tree, "config", "user.name", "A")
  git(tree, "config", "user.email", "a@example.com")
  for number = 1, count do
    if others and others[number] then kdev.fs.write(tree .. "/other", tostring(number)) end
    commit(tree, number, "number")
  end
end

local function number_in(tree) return tonumber(kdev.fs.read(tree .. "/number")) end

-- A machine that is none.
local guest <const> = setmetatable({}, { __close = function() end })

-- Searches for the first commit from 6 on, or as the options say: what was found, and which were tested.
local function search(tree, options)
  local tried <const> = {}
  local all <const> = {
    tree = tree, good = "c1", bad = "HEAD",
    build = function() return number_in(tree) end,
    vm = function() return guest end,
    test = function() return number_in(tree) < 6 end,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  local run <const> = all.test
  all.test = function(...)
    tried[#tried + 1] = number_in(tree)
    return run(...)
  end
  -- The log is for people.
  io.output "/dev/null"
  local ok <const>, found <const> = pcall(kdev.kernel.bisect, all)
  io.output(io.stdout)
  if not ok then error(found, 0) end
  return found, tried
end

local function fails_to_build() kdev.proc.run { "false" } end

test("the same call goes on also when its names are other commits meanwhile", function()
  repository("resumed", 9)
  local count = 0
  local function mistaken()
    count = count + 1
    if count == 2 then local none = nil; none() end
    return number_in "resumed" < 6
  end
  test.fails("attempt to call a nil value", search, "resumed", { test = mistaken })
  local found <const>, tried <const> = search "resumed"
  test.equal({ found.subject, #found.steps, #tried }, { "commit 6", 3, 2 })
  test.equal(git("resumed", "symbolic-ref", "--short", "HEAD"), "main\n")
end)

test("another search is not gone on with", function()
  repository("another", 9)
  local function mistaken() local none = nil; none() end
  test.fails("attempt to call", search, "another", { test = mistaken })
  git("another", "bisect", "start", "main", "c2")
  test.fails("another bisection is under way", search, "another")
  git("another", "bisect", "reset")
end)

test("ends that are not what they were said to be are found out first", function()
  repository("ends", 9)
  test.fails("was said to be good, and is bad", search, "ends", { good = "c7", check_ends = true })
  test.fails("was said to be bad, and is good", search, "ends", { bad = "c5", check_ends = true })
  local found <const>, tried <const> = search("ends", { check_ends = true })
  test.equal({ found.subject, tried[1], tried[2] }, { "commit 6", 1, 9 })
end)

test("only commits that change the paths are tested", function()
  repository("paths", 12, { [1] = true, [4] = true, [8] = true, [12] = true })
  local found <const>, tried <const> = search("paths", { paths = { "other" } })
  test.equal(found.subject, "commit 8")
  for _, number in ipairs(tried) do test.equal(number % 4, 0) end
end)

test("the commits of a merged branch are left out when asked for", function()
  repository("merged", 2)
  git("merged", "checkout", "--quiet", "-b", "side")
  for number = 3, 7 do commit("merged", number, "number") end
  git("merged", "checkout", "--quiet", "main")
  git("merged", "merge", "--quiet", "--no-ff", "-m", "the merge", "side")
  test.equal(search("merged").subject, "commit 6")
  local found <const>, tried <const> = search("merged", { first_parent = true })
  test.equal({ found.subject, tried }, { "the merge", { 2 } })
end)

test("commits that cannot be tested leave several candidates", function()
  repository("skipped", 6)
  local function build()
    local number <const> = number_in "skipped"
    if number > 2 and number < 6 then fails_to_build() end
    return number
  end
  local found <const> = search("skipped", { build = build })
  test.equal({ found.commit, #found.candidates }, { nil, 4 })
  for _, step in ipairs(found.steps) do
    test.equal({ step.verdict, step.stage }, step.verdict == "skip" and { "skip", "build" } or { "good", "test" })
  end
end)

test("a kernel that does not boot is bad, or says nothing", function()
  repository("boots", 9)
  local function vm(kernel)
    if kernel == 4 then kdev.proc.run { "sleep", "60", timeout = 0.05 } end
    return guest
  end
  -- It is taken for the one that broke it.
  local function run() return number_in "boots" < 5 end
  local found <const> = search("boots", { vm = vm, good = "c3", bad = "c5", test = run })
  test.equal({ found.subject, found.steps[1].stage, found.steps[1].verdict }, { "commit 4", "boot", "bad" })
  local skipping <const> = search("boots", { vm = vm, good = "c3", bad = "c5", boot_failure = "skip", test = run })
  test.equal({ #skipping.candidates, skipping.steps[1].stage, skipping.steps[1].verdict }, { 2, "boot", "skip" })
end)

test.done()
