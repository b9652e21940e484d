-- kdev.kernel.bisect: finds the commit that broke something, by git bisect, with a build, a boot and a test a step:
--   kdev.kernel.bisect { tree = "linux", output = "build", good = "v6.1", bad = "HEAD",
--     test = function(vm) vm:exec { "mount", "/mnt/ceph" } end }
-- The steps are driven here, and not by `git bisect run`: the test is a function of the script that called.
local kdev <const> = require "kdev"

-- git in the tree. A status that `check = false` lets pass is for the caller to read.
local function git(tree, arguments, how)
  local command <const> = { "git", "-C", tree, table.unpack(arguments) }
  for name, value in pairs(how or {}) do command[name] = value end
  return kdev.proc.run(command)
end

local function ask(tree, ...) return (git(tree, { ... }, { query = true }).stdout:gsub("%s+$", "")) end

local function commit_of(tree, name)
  return ask(tree, "rev-parse", "--verify", "--end-of-options", name .. "^{commit}")
end

-- A file of git's own folder, which a worktree has for itself.
local function git_file(tree, name)
  local path <const> = ask(tree, "rev-parse", "--git-path", name)
  return path:sub(1, 1) == "/" and path or tree .. "/" .. path
end

local function read(path) return kdev.fs.exists(path) and kdev.fs.read(path) or nil end

local function short(commit) return commit:sub(1, 12) end

-- The one line that a person reads of an error.
local function line_of(err)
  return (type(err) == "userdata" and err.message or tostring(err)):match "[^\n]+" or "an error without words"
end

-- Whether an error says something of the kernel, or is the script's own: the latter must not mark a commit.
local function is_mistake(err)
  if type(err) == "string" then return err:find "^[^\n]-:%d+: attempt to " ~= nil end
  local kind <const> = type(err) == "userdata" and err.kind
  return kind == "cancelled" or kind == "argument" or kind == "field" or kind == "await"
end

local Bisection <const> = {}
Bisection.__index = Bisection

-- Of the options what a kernel is built with for the commit that is checked out.
function Bisection:build(commit)
  local options <const> = self.options
  if type(options.build) == "function" then return options.build(commit) end
  local configure <const>, build <const> = {}, {}
  for name, value in pairs(options.build or {}) do build[name] = value end
  for _, name in ipairs { "arch", "cross_compile", "cc", "llvm", "ccache", "jobs" } do configure[name] = build[name] end
  for name, value in pairs(options.configure or {}) do configure[name] = value end
  configure.tree, configure.output, build.tree, build.output = self.tree, self.output, self.tree, self.output
  -- A commit may change scripts that Kconfig asks, which are nothing that configure compares.
  if configure.anew == nil then configure.anew = true end
  -- Each step begins with the same: what an older kernel does not know would be lost for the newer ones.
  configure.base = configure.base or (kdev.fs.exists(self.config) and self.config) or "defconfig"
  kdev.kernel.configure(configure)
  return kdev.kernel.build(build)
end

function Bisection:launch(kernel)
  local options <const> = self.options
  if type(options.vm) == "function" then return options.vm(kernel) end
  local launch <const> = { kernel = kernel }
  for name, value in pairs(options.vm or {}) do launch[name] = value end
  launch.name = self.name
  launch.initramfs = launch.initramfs or kdev.kernel.initramfs(kernel)
  return kdev.vm.launch(launch)
end

-- Builds, boots and tests the commit that is checked out: the verdict, how far it came, and why.
function Bisection:judge(commit)
  local options <const> = self.options
  local built <const>, kernel <const> = pcall(self.build, self, commit)
  if not built then
    if type(kernel) ~= "userdata" or kernel.kind ~= "command" then error(kernel, 0) end
    return "skip", "build", line_of(kernel)
  end
  local booted <const>, machine <const> = pcall(self.launch, self, kernel)
  if not booted then
    local kind <const> = type(machine) == "userdata" and machine.kind
    if kind ~= "kernel_oops" and kind ~= "timeout" and kind ~= "guest" then error(machine, 0) end
    return options.boot_failure or "bad", "boot", line_of(machine)
  end
  local vm <close> = machine
  local passed <const>, result <const> = pcall(options.test, vm, kernel)
  if not passed then
    if is_mistake(result) then error(result, 0) end
    return "bad", "test", line_of(result)
  end
  if result == nil or result == true then return "good", "test" end
  if result == false then return "bad", "test", "the test says so" end
  if result == "good" or result == "bad" or result == "skip" then return result, "test", "the test says so" end
  error(("the test returned %s, and not nil, a boolean, \"good\", \"bad\" or \"skip\""):format(tostring(result)), 0)
end

-- The same with words for whoever waits.
function Bisection:step(commit)
  local subject <const> = ask(self.tree, "show", "--no-patch", "--format=%s", commit)
  kdev.ui.note(("testing %s %s"):format(short(commit), subject))
  local begin <const> = kdev.time.monotonic()
  local verdict <const>, stage <const>, reason <const> = self:judge(commit)
  kdev.ui.note(("%s is %s%s"):format(
    short(commit), verdict == "skip" and "skipped" or verdict, reason and (" (%s: %s)"):format(stage, reason) or ""))
  return {
    commit = commit, subject = subject, verdict = verdict, stage = stage, reason = reason,
    seconds = kdev.time.monotonic() - begin,
  }
end

function Bisection:save() kdev.fs.write(self.state_file, kdev.json.encode(self.state)) end

-- What git has found, by its own log: the commit, or those that it may be; nil while there is more to test.
function Bisection:outcome()
  local log <const> = read(self.git_log) or ""
  local first <const> = log:match "# first bad commit: %[(%x+)%]"
  if first then return { commit = first, candidates = { first } } end
  if not log:find("# only skipped commits left to test", 1, true) then return nil end
  local candidates <const> = {}
  for commit in log:gmatch "# possible first bad commit: %[(%x+)%]" do candidates[#candidates + 1] = commit end
  return { candidates = candidates }
end

-- Leaves the mark in git, and why in its log, where `git bisect replay` passes over it.
function Bisection:mark(step)
  local result <const> = git(self.tree, { "bisect", step.verdict, step.commit }, { check = false })
  if step.reason then
    kdev.fs.append(self.git_log, ("# %s of %s: %s\n"):format(step.stage, short(step.commit), step.reason))
  end
  self.state.steps[#self.state.steps + 1] = step
  self:save()
  if result.status ~= 0 and not self:outcome() then
    error(("git bisect %s %s: %s%s"):format(step.verdict, short(step.commit), result.stdout, result.stderr), 0)
  end
  local left <const> = result.stdout:match "Bisecting: ([^\n]+)"
  if left then kdev.ui.note(left) end
end

-- What git's log of a bisection begins with: its first ends.
local function head_of(log) return log:match "^.-git bisect start[^\n]*" or log:match "[^\n]*" end

local function is_equal(one, other) return kdev.json.encode(one) == kdev.json.encode(other) end

-- The same with the commits that the names stand for now.
function Bisection:commits(asked)
  local wanted <const> = { good = {}, paths = asked.paths, first_parent = asked.first_parent }
  for position, name in ipairs(asked.good) do wanted.good[position] = commit_of(self.tree, name) end
  wanted.bad = asked.bad and commit_of(self.tree, asked.bad)
  return wanted
end

-- Begins, or goes on with what was begun with the same good and bad.
function Bisection:begin()
  local options <const>, tree <const> = self.options, self.tree
  local changes <const> = ask(tree, "status", "--porcelain", "--untracked-files=no")
  if changes ~= "" then
    error(("%s has changes that are in no commit, and other commits have to be checked out there:\n%s"):format(
      tree, changes), 0)
  end
  local goods = options.good or {}
  if type(goods) == "string" then goods = { goods } end
  -- As the call has them: HEAD is another commit while the bisection is under way.
  local asked <const> = {
    good = goods, bad = options.bad, paths = options.paths or {}, first_parent = options.first_parent or false,
  }
  local log <const> = read(self.git_log)
  if log and kdev.fs.exists(git_file(tree, "BISECT_START")) then return self:resume(log, asked) end
  local wanted <const> = self:commits(asked)
  if not wanted.bad or #wanted.good == 0 then
    error(("no bisection is under way in %s: say which commit is good, and which is bad"):format(tree), 0)
  end
  local start <const> = { "bisect", "start" }
  if wanted.first_parent then start[#start + 1] = "--first-parent" end
  start[#start + 1] = wanted.bad
  table.move(wanted.good, 1, #wanted.good, #start + 1, start)
  start[#start + 1] = "--"
  table.move(wanted.paths, 1, #wanted.paths, #start + 1, start)
  if kdev.ui.dry_run() then
    git(tree, start)
    return
  end
  if kdev.fs.exists(self.folder) then kdev.fs.remove_tree(self.folder) end
  kdev.fs.mkdir(self.folder)
  local config <const> = read(self.output .. "/.config")
  if config then kdev.fs.write(self.config, config) end
  self.state = { asked = asked, wanted = wanted, steps = kdev.json.array {} }
  self.is_new = true
  local result <const> = git(tree, start, { check = false })
  if result.status ~= 0 then
    git(tree, { "bisect", "reset" }, { check = false })
    error(("git bisect start: %s%s"):format(result.stdout, result.stderr), 0)
  end
  self.state.head = head_of(kdev.fs.read(self.git_log))
  self:save()
  local left <const> = result.stdout:match "Bisecting: ([^\n]+)"
  if left then kdev.ui.note(left) end
end

function Bisection:resume(log, asked)
  local saved <const> = read(self.state_file)
  local state <const> = saved and kdev.json.decode(saved)
  local is_ours <const> = state and state.head == head_of(log)
  local is_named <const> = asked.bad or #asked.good > 0
  local function is_same()
    return is_ours
      and (is_equal(state.asked, asked) or is_equal(state.wanted, self:commits(asked)))
  end
  if is_named and not is_same() then
    error(("another bisection is under way in %s\n"):format(self.tree)
      .. "go on with it without good and bad, or end it: git bisect reset", 0)
  end
  self.state = is_ours and state
    or { asked = asked, wanted = self:commits(asked), head = head_of(log), steps = kdev.json.array {} }
  if not is_ours then
    if kdev.fs.exists(self.folder) then kdev.fs.remove_tree(self.folder) end
    kdev.fs.mkdir(self.folder)
    local config <const> = read(self.output .. "/.config")
    if config then kdev.fs.write(self.config, config) end
  end
  self:save()
  kdev.ui.note(("going on with the bisection in %s, after %d steps"):format(self.tree, #self.state.steps))
end

-- Whether the ends are what they were said to be, which costs less than a search between others.
function Bisection:check_ends()
  local wanted <const> = self.state.wanted
  local function expect(commit, verdict)
    git(self.tree, { "checkout", "--quiet", "--detach", commit })
    local step <const> = self:step(commit)
    if step.verdict ~= verdict then
      error(("%s was said to be %s, and is %s%s"):format(
        short(commit), verdict, step.verdict == "skip" and "skipped" or step.verdict,
        step.reason and (" (%s: %s)"):format(step.stage, step.reason) or ""), 0)
    end
  end
  for _, commit in ipairs(wanted.good) do expect(commit, "good") end
  expect(wanted.bad, "bad")
  self.state.ends_checked = true
  self:save()
end

function Bisection:run()
  if self.options.check_ends and not self.state.ends_checked and self.state.wanted.bad then self:check_ends() end
  while not self:outcome() do
    local commit <const> = (read(git_file(self.tree, "BISECT_EXPECTED_REV")) or ""):match "%x+"
    if not commit then
      error(("the bisection in %s needs a commit that is good, and one that is bad"):format(self.tree), 0)
    end
    if ask(self.tree, "rev-parse", "HEAD") ~= commit then
      git(self.tree, { "checkout", "--quiet", "--detach", commit })
    end
    self:mark(self:step(commit))
  end
end

-- What was found, with git's log; the tree is put back to where it was.
function Bisection:finish()
  local found <const> = self:outcome()
  found.steps = self.state.steps
  found.log = git(self.tree, { "bisect", "log" }, { query = true }).stdout
  found.log_file = self.folder .. "/log"
  kdev.fs.write(found.log_file, found.log)
  git(self.tree, { "bisect", "reset" })
  local config <const> = type(self.options.build) ~= "function" and read(self.config)
  if config then kdev.fs.write(self.output .. "/.config", config) end
  io.write(found.log)
  if found.commit then
    found.subject = ask(self.tree, "show", "--no-patch", "--format=%s", found.commit)
    kdev.ui.note(("%s is the first bad commit: %s"):format(short(found.commit), found.subject))
  else
    kdev.ui.note(("the first bad commit is one of %d: all between were skipped"):format(#found.candidates))
  end
  return found
end

return function(options)
  local tree <const> = kdev.fs.absolute(type(options.tree) == "string" and options.tree or options.tree.path)
  local given <const> = type(options.vm) == "table" and options.vm or {}
  local folder <const> = git_file(tree, "kdevlua-bisect")
  local self <const> = setmetatable({
    options = options, tree = tree, output = kdev.fs.absolute(options.output or tree), name = given.name or "bisect",
    folder = folder, state_file = folder .. "/state.json", config = folder .. "/config",
    git_log = git_file(tree, "BISECT_LOG"),
  }, Bisection)
  -- Wrong options for the machine are found before a kernel is built for it.
  local check <const> = {}
  for name, value in pairs(given) do check[name] = value end
  check.name = self.name
  kdev.vm.command_line(check)
  -- It holds the lock, and the machine of a run that was killed goes with the next.
  local hold <close> = kdev.transaction.begin { name = self.name } -- luacheck: ignore hold
  self:begin()
  if kdev.ui.dry_run() then return { candidates = {}, steps = {}, log = "", log_file = folder .. "/log" } end
  local done <const>, err <const> = pcall(self.run, self)
  if not done then
    local is_cancelled <const> = type(err) == "userdata" and err.kind == "cancelled"
    -- Nothing has been marked: a new start costs nothing, and the tree is as it was.
    if self.is_new and #self.state.steps == 0 and not is_cancelled then
      git(tree, { "bisect", "reset" }, { check = false })
    else
      kdev.ui.note("the bisection stays: the same call goes on with it, and `git bisect reset` ends it")
    end
    error(err, 0)
  end
  return self:finish()
end
