-- kdev.teuthology, `suite schedule` and `suite status`, with a real beanstalkd, real git, and Shaman and the results
-- server on loopback. That the jobs are teuthology's own is compared in Tests/Suite.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local teuthology <const> = kdev.teuthology
local program <const> = kdev.fs.absolute "/proc/self/exe"
local here <const> = kdev.path.dirname(kdev.fs.absolute(arg[0]))

local function write(files)
  for path, text in pairs(files) do
    kdev.fs.mkdir(kdev.path.dirname(path))
    kdev.fs.write(path, text)
  end
end

local function wait_for(what, ready)
  for _ = 1, 500 do
    if ready() then return end
    kdev.task.sleep(0.02)
  end
  error(what .. " did not start")
end

-- The lab.
local work <const> = kdev.fs.absolute "lab"
kdev.fs.mkdir(work)
local _ <close> = kdev.proc.spawn { "python3", "-B", here .. "/lab.py", work }
wait_for("the lab", function() return kdev.fs.exists(work .. "/port") end)
local address <const> = "http://127.0.0.1:" .. kdev.fs.read(work .. "/port")
local port <const> = math.tointeger(kdev.net.user().ssh_port)
local queue <close> = kdev.proc.spawn { "beanstalkd", "-l", "127.0.0.1", "-p", tostring(port) }

-- One connection to the queue that says a word and gives back what comes.
local function ask(request)
  local result <const> = kdev.proc.run {
    "python3", "-c", [[
import socket, sys
queue = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
queue.sendall(sys.argv[2].encode() + b"\r\nquit\r\n")
data = b""
while chunk := queue.recv(1 << 16): data += chunk
sys.stdout.buffer.write(data)]],
    tostring(port), request, check = false,
  }
  return result.status == 0 and result.stdout or nil
end
wait_for("beanstalkd", function() return ask "stats" end)

-- Repositories.
local function git(...) return kdev.proc.run({ "git", "-c", "user.name=t", "-c", "user.email=t@t", ... }).stdout end
git("init", "-q", "--bare", "-b", "main", "ceph.git")
git("init", "-q", "-b", "main", "ceph")
write {
  ["ceph/qa/suites/s/%"] = "",
  ["ceph/qa/suites/s/os/centos.yaml"] = "os_type: centos\nos_version: '9.stream'\n",
  ["ceph/qa/suites/s/os/ubuntu.yaml"] = "os_type: ubuntu\nos_version: '22.04'\n",
  ["ceph/qa/suites/s/tasks.yaml"] = "tasks: [install: , kernel: ]\n",
  ["ceph/qa/suites/big/a/one.yaml"] = "x: " .. ("y"):rep(70000) .. "\n",
}
git("-C", "ceph", "add", "-A")
git("-C", "ceph", "commit", "-q", "-m", "tests")
git("-C", "ceph", "push", "-q", "../ceph.git", "main")
local ceph <const> = git("-C", "ceph", "rev-parse", "HEAD"):match "%x+"

local kernel_commit <const> = ("ab"):rep(20)
write {
  ["teuthology.yaml"] = table.concat({
    "ceph_git_url: file://" .. kdev.fs.absolute "ceph.git",
    "teuthology_git_url: file://" .. kdev.fs.absolute "ceph.git",
    "default_machine_type: smithi",
    "shaman_host: " .. address,
    "results_server: " .. address .. "/",
    "results_ui_server: ''",
    "lock_server: " .. address,
    "queue_host: 127.0.0.1",
    "queue_port: " .. port,
  }, "\n") .. "\n",
  [work .. "/packages"] = ("kernel wip-built %s centos/9\nceph main %s centos/9\nceph main %s ubuntu/22.04\n"):format(
    kernel_commit, ceph, ceph),
  [work .. "/builds"] = ([[
ceph main %s centos/9 completed
kernel wip-slow %s centos/9 started
kernel wip-bad %s centos/9 failed
]]):format(ceph, ("cd"):rep(20), ("ef"):rep(20)),
}

-- What teuthology.yaml says is read by a program of its own, as a person starts one.
local environment <const> = {
  TEUTHOLOGY_CONFIG = kdev.fs.absolute "teuthology.yaml", KDEVLUA_CACHE = kdev.fs.absolute "cache",
}
local function kdevlua(...)
  local words <const> = { program, ... }
  words.check, words.env = false, environment
  return kdev.proc.run(words)
end
local function suite(...) return kdevlua("suite", ...) end
-- Runs a piece of Lua there; what it returns comes back through JSON.
local function lua(source)
  local result <const> = kdevlua("eval", "print(require'kdev'.json.encode((function() " .. source .. " end)()))")
  if result.status ~= 0 then error(result.stderr, 0) end
  return kdev.json.decode(result.stdout)
end

local function ready()
  return tonumber(((ask "stats-tube smithi") or ""):match "current%-jobs%-ready: (%d+)") or 0
end

local schedule <const> = { "--seed", "1", "--suite-dir", "ceph", "--timestamp", "2026-01-01_00:00:00", "--owner", "me" }
local function scheduled(...)
  local words <const> = { "schedule", table.unpack(schedule) }
  for _, word in ipairs { ... } do words[#words + 1] = word end
  return suite(table.unpack(words))
end

test("a dry run prints the jobs and tells nobody", function()
  local result <const> = scheduled("--suite", "s", "--dry-run")
  test.equal(result.stdout, "s/{os/centos tasks}\ns/{os/ubuntu tasks}\n")
  test.contains(result.stderr, "run me-2026-01-01_00:00:00-s-main-distro-default-smithi\n")
  test.contains(result.stderr, "2 jobs of the matrix looked at, 2 would be scheduled")
  test.equal(ready(), 0)
end)

local name <const> = "me-2026-01-01_00:00:00-s-main-wip-built-default-smithi"

test("jobs go into the queue, and the results server knows them, over one connection", function()
  local result <const> = scheduled("--suite", "s", "--kernel", "wip-built", "--priority", "200", "--num", "3")
  test.equal(result.stderr:match "[^\n]*scheduled[^\n]*", "2 jobs of the matrix looked at, 2 scheduled, 3 times each")
  test.equal(result.stdout, name .. "\n")
  -- With those that begin and end the run.
  test.equal(ready(), 8)
  local first <const> = kdev.yaml.load(ask("peek 1"):match "\r\n(.*)\r\n")
  test.equal({ first.first_in_suite, first.seed, first.no_nested_subset }, { true, "1", false })
  local job <const> = kdev.yaml.load(ask("peek 2"):match "\r\n(.*)\r\n")
  test.equal(job.description, "s/{os/centos tasks}")
  test.equal(job.kernel, { branch = "wip-built", kdb = 1, sha1 = kernel_commit, flavor = "default" })
  test.equal({ job.tube, job.machine_type, job.priority, job.owner }, { "smithi", "smithi", 200, "me" })
  local last <const> = kdev.yaml.load(ask("peek 8"):match "\r\n(.*)\r\n")
  test.equal({ last.last_in_suite, last.results_timeout }, { true, "43200" })

  local run <const> = kdev.json.decode(kdev.fs.read(work .. "/runs/" .. name .. ".json"))
  test.equal(#run.jobs, 6)
  test.equal({ run.jobs[1].job_id, run.jobs[1].status, run.jobs[1].tube }, { "2", "queued", nil })
  local clients <const> = {}
  for client in kdev.fs.read(work .. "/log"):gmatch "POST /runs/%S+ (%d+)" do clients[client] = true end
  test.equal(#(next(clients) or ""), 5)
  test.equal(next(clients, (next(clients))), nil)
end)

test("a job that the results server knows is updated", function()
  -- A queue that begins anew counts anew, so the numbers come again.
  local run <const> = kdev.json.decode(kdev.fs.read(work .. "/runs/" .. name .. ".json"))
  for _, job in ipairs(run.jobs) do job.job_id = tostring(tonumber(job.job_id) + 8) end
  kdev.fs.write(work .. "/runs/" .. name .. ".json", kdev.json.encode(run))
  test.equal(scheduled("--suite", "s", "--kernel", "wip-built", "--num", "3").status, 0)
  local url <const> = "PUT /runs/" .. name:gsub(":", "%%3A") .. "/jobs/10/"
  test.contains(kdev.fs.read(work .. "/log"), url)
  for number = 1, 16 do ask("delete " .. number) end
  test.equal(ready(), 0)
end)

local function finish(statuses)
  local jobs <const> = {}
  for number, status in ipairs(statuses) do
    jobs[number] = {
      job_id = tostring(number), status = status, seed = 1, subset = kdev.json.null, no_nested_subset = false,
      description = number % 2 == 1 and "s/{os/centos tasks}" or "s/{os/ubuntu tasks}",
      log_href = "http://logs/" .. number,
      failure_reason = status == "fail" and "Command failed on smithi001" or kdev.json.null,
    }
  end
  local run <const> = { name = name, suite = "s", status = "finished", jobs = jobs }
  kdev.fs.write(work .. "/runs/" .. name .. ".json", kdev.json.encode(run))
end

test("the status of a run counts jobs and groups failures by their reason", function()
  finish { "pass", "fail", "pass", "fail", "dead" }
  local result <const> = suite("status", name)
  test.equal(result.status, 1)
  test.equal(result.stdout, name .. [[

STATUS  JOBS
pass       2
fail       2
dead       1
all        5

2 fail: Command failed on smithi001
  2  s/{os/ubuntu tasks}
    http://logs/2
  4  s/{os/ubuntu tasks}
    http://logs/4

1 dead: no reason given
  5  s/{os/centos tasks}
    http://logs/5
]])
  local json <const> = kdev.json.decode(suite("status", name, "--format", "json").stdout)
  test.equal(json.counts, { pass = 2, fail = 2, dead = 1 })
  test.equal(json.jobs[2].failure_reason, "Command failed on smithi001")
end)

test("the status of a run is watched to its end", function()
  finish { "pass", "running" }
  test.equal(suite("status", name).status, 3)
  local watching <const> = kdev.task.spawn(function() return suite("status", name, "--watch", "--interval", "0.1") end)
  kdev.task.sleep(0.3)
  finish { "pass", "pass" }
  local result <const> = watching:await()
  test.equal(result.status, 0)
  test.contains(result.stdout, "running     1")
  test.contains(result.stdout, "pass       2")
end)

test("a server that is out for a while is no end of a watch, unless it takes too long", function()
  finish { "pass", "running" }
  local function watch(...) return suite("status", name, "--watch", "--interval", "0.1", ...) end
  local watching <const> = kdev.task.spawn(function() return watch() end)
  kdev.task.sleep(0.4)
  kdev.fs.write(work .. "/outage", "")
  kdev.task.sleep(0.5)
  finish { "pass", "pass" }
  kdev.fs.remove(work .. "/outage")
  local result <const> = watching:await()
  test.equal(result.status, 0)
  local _, count <const> = result.stderr:gsub("was answered with status 503; it is asked again", "")
  test.equal(count, 1)
  finish { "pass", "running" }
  local failing <const> = kdev.task.spawn(function() return watch("--outage", "500ms") end)
  kdev.task.sleep(0.4)
  kdev.fs.write(work .. "/outage", "")
  local failed <const> = failing:await()
  kdev.fs.remove(work .. "/outage")
  test.equal(failed.status, 1)
  test.contains(failed.stderr, "| {\"message\": \"under maintenance\"}")
end)

test("a run without jobs has not passed", function()
  kdev.fs.write(work .. "/runs/" .. name .. ".json", '{"name": "r", "suite": "s", "jobs": []}')
  for _, options in ipairs { {}, { "--watch" }, { "--format", "json" } } do
    local result <const> = suite("status", name, table.unpack(options))
    test.equal(result.status, 4)
    test.contains(result.stderr, "the run " .. name .. " has no jobs")
  end
end)

test("a run is scheduled and waited for", function()
  local waiting <const> = kdev.task.spawn(function()
    return scheduled("--suite", "s", "--kernel", "wip-built", "--wait", "--interval", "0.1", "--quiet")
  end)
  -- The jobs are posted as they are scheduled, which nobody here knows the end of.
  local finishing <const> = kdev.task.spawn(function()
    while true do
      finish { "pass", "fail" }
      kdev.task.sleep(0.1)
    end
  end)
  local result <const> = waiting:await()
  finishing:cancel()
  test.equal(result.status, 1)
  test.contains(result.stdout, "1 fail: Command failed on smithi001")
  for number = 17, 20 do ask("delete " .. number) end
  test.equal(ready(), 0)
  test.contains(scheduled("--suite", "s", "--wait", "--dry-run").stderr, "a dry run schedules nothing to --wait for")
end)

test("jobs are not started after a time, which is no past one", function()
  local function dry(time) return scheduled("--suite", "s", "--dry-run", "--format", "json", "--expire", time) end
  for time, expire in pairs {
    ["2099-01-31T12:00:00"] = "2099-01-31_12:00:00", ["2099-01-31_12:00:00"] = "2099-01-31_12:00:00",
    ["2099-01-31 12:00:00+02:00"] = "2099-01-31_10:00:00",
  } do
    test.contains(dry(time).stdout, '"expire":"' .. expire .. '"')
  end
  local tomorrow <const> = dry("1d").stdout:match '"expire":"([^"]*)"'
  local seconds <const> = kdev.time.parse(tomorrow:gsub("_", "T") .. "Z") - kdev.time.now()
  assert(seconds > 23 * 3600 and seconds <= 24 * 3600, tomorrow)
  test.contains(dry("2001-01-01").stderr, "--expire: 2001-01-01 is in the past")
  test.contains(dry("soon").stderr, '--expire: "soon" is no time')
end)

test("a run that is not there is said so", function()
  test.contains(suite("status", "me-nothing").stderr, "the results server has no run me-nothing")
end)

test("a rerun takes suite, seed and jobs from its run", function()
  finish { "pass", "fail" }
  local rerun <const> = function(...)
    return suite("schedule", "--suite-dir", "ceph", "--rerun", name, "--dry-run", "--kernel", "wip-built", ...)
  end
  local result <const> = rerun()
  test.equal(result.stdout, "s/{os/ubuntu tasks}\n")
  test.contains(result.stderr, "seed 1\n")
  test.equal(rerun("--rerun-statuses", "pass").stdout, "s/{os/centos tasks}\n")
  test.contains(rerun("--seed", "2").stderr, "--seed 2 would not give the jobs of the run: it had 1")
  test.contains(rerun("--subset", "0/2").stderr, "--subset 0/2 would not give the jobs of the run: it had none")
  test.contains(rerun("--no-nested-subset").stderr, "--no-nested-subset would not give the jobs of the run")
  test.contains(rerun("--rerun-statuses", "dead").stderr, "no job of " .. name .. " is dead: 1 fail, 1 pass")
  test.equal(rerun("--suite", "s").status, 2)
end)

test("a kernel that a script takes out stays out, when that is wanted", function()
  -- As qa/cephfs/begin/3-kernel.yaml and k-testing.yaml: the kernel is for clients alone.
  write {
    ["ceph/qa/suites/mount/%"] = "",
    ["ceph/qa/suites/mount/begin.yaml"] = [[
teuthology:
  postmerge:
  - |
    for _, key in ipairs { "branch", "flavor", "kdb", "sha1" } do py_attrgetter(yaml.kernel).pop(key, nil) end
]],
    ["ceph/qa/suites/mount/how/fuse.yaml"] = "client: fuse\n",
    ["ceph/qa/suites/mount/how/kclient.yaml"] = [[
teuthology:
  premerge: yaml_fragment.kernel.client = deep_merge(py_dict(), base_config.kernel)
kernel: {client: {}}
]],
  }
  local function kernels(...)
    local found <const> = {}
    local result <const> =
      scheduled("--suite", "mount", "--kernel", "wip-built", "--dry-run", "--format", "json", ...)
    for line in result.stdout:gmatch "[^\n]+" do
      local job <const> = kdev.json.decode(line)
      if job.description ~= kdev.json.null then found[job.description:match "how/(%a+)"] = job.kernel end
    end
    return found
  end
  local client <const> = { branch = "wip-built", flavor = "default", kdb = 1, sha1 = kernel_commit }
  test.equal(kernels(), { fuse = { sha1 = kernel_commit }, kclient = { client = client, sha1 = kernel_commit } })
  test.equal(kernels "--no-compat", { fuse = {}, kclient = { client = client } })
  local job <const> = lua [[
    return require "kdev".teuthology.schedule {
      suite = "mount", suite_dir = "ceph", kernel = "wip-built", seed = 1, compat = false, dry_run = true,
    }]]
  test.equal(job.count, 2)
  test.contains(scheduled("--suite", "s", "--via", "teuthology", "--no-compat").stderr, "teuthology-suite has no")
end)

test("a run too large for its priority is refused", function()
  test.contains(scheduled("--suite", "s", "--priority", "49").stderr, "2 jobs cannot have priority 49")
  test.equal(scheduled("--suite", "s", "--priority", "49", "--force-priority", "--dry-run").status, 0)
  test.equal(scheduled("--suite", "s", "--priority", "50", "--dry-run").status, 0)
  test.contains(scheduled("--suite", "s", "--job-threshold", "1").stderr, "2 jobs are more than the 1 that a run may")
  test.equal(ready(), 0)
end)

test("what is not built is said before anything is scheduled", function()
  test.contains(scheduled("--suite", "s", "--kernel", "wip-none").stderr, "no build of the kernel branch wip-none")
  test.contains(
    scheduled("--suite", "s", "--sha1", ("9"):rep(40)).stderr, "packages of Ceph " .. ("9"):rep(40) .. " are not built")
  test.contains(scheduled("--suite", "s", "--ceph", "nowhere").stderr, "there is no branch nowhere in file://")
  test.contains(scheduled("--suite", "t").stderr, "there is no suite t")
  test.equal(ready(), 0)
end)

test("a job larger than the queue takes schedules nothing", function()
  test.contains(scheduled("--suite", "big").stderr, "and the queue takes 65535: big/a/one")
  test.equal(ready(), 0)
end)

test("the lock server is asked when a job depends on the machines", function()
  write {
    ["ceph/qa/suites/arch/a/x86.yaml"] = "exclude_arch: x86_64\n",
    ["ceph/qa/suites/arch/a/arm.yaml"] = "exclude_arch: aarch64\n",
  }
  local function asked()
    local _, count <const> = kdev.fs.read(work .. "/log"):gsub("GET /nodes/", "")
    return count
  end
  test.equal(asked(), 0)
  local result <const> = scheduled("--suite", "arch", "--dry-run")
  test.equal(result.stdout, "arch/a/arm\n")
  test.contains(result.stderr, "left out: arch/a/x86 (exclude_arch: x86_64)")
  test.equal(asked(), 1)
  test.equal(scheduled("--suite", "arch", "--dry-run", "--arch", "aarch64").stdout, "arch/a/x86\n")
  test.equal(asked(), 1)
end)

test("a file goes over every job", function()
  write { ["over.yaml"] = "tasks: [more: ]\ntargets: {a: b}\npriority: 300\n" }
  local result <const> = scheduled("--suite", "s", "--dry-run", "--format", "json", "over.yaml")
  local job <const> = kdev.json.decode(result.stdout:match "\n([^\n]*)\n")
  test.equal({ #job.tasks, job.priority, job.targets }, { 3, 300 })
  test.contains(scheduled("--suite", "s", "none.yaml").stderr, "there is no file none.yaml, here or in")
end)

test("the tests are fetched where no folder is given, once", function()
  local words <const> = { "schedule", "--seed", "1", "--suite", "s", "--dry-run" }
  test.equal(suite(table.unpack(words)).stdout, "s/{os/centos tasks}\ns/{os/ubuntu tasks}\n")
  test.equal(suite(table.unpack(words)).stdout, "s/{os/centos tasks}\ns/{os/ubuntu tasks}\n")
  test.equal(kdev.fs.is_dir("cache/suites/" .. ceph .. "/qa"), true)
end)

test("teuthology-suite itself is run with the same options, said first", function()
  write { ["bin/teuthology-suite"] = "#!/bin/sh\necho ran \"$@\"\n" }
  kdev.proc.run { "chmod", "755", "bin/teuthology-suite" }
  local result <const> = kdev.proc.run {
    program, "suite", "schedule", "--via", "teuthology", "-s", "fs", "-k", "wip-x y", "--filter", "a,b", "--dry-run",
    env = { PATH = kdev.fs.absolute "bin" .. ":/usr/bin:/bin" }, check = false,
  }
  test.equal(result.stdout, [[
teuthology-suite --dry-run --suite fs --ceph main --kernel 'wip-x y' --filter a,b --priority 1000
ran --dry-run --suite fs --ceph main --kernel wip-x y --filter a,b --priority 1000
]])
end)

test("a script schedules and asks", function()
  local run <const> = lua [[
    return require "kdev".teuthology.schedule {
      suite = "s", suite_dir = "ceph", seed = 1, filter = { "centos" }, kernel = "none", owner = "me",
    }
  ]]
  test.equal({ run.count, #run.ids, run.descriptions[1] }, { 1, 1, "s/{os/centos tasks}" })
  local status <const> = lua(("return require 'kdev'.teuthology.status { run = %q }"):format(run.name))
  test.equal({ status.unfinished, status.counts.queued, status.suite }, { 1, 1, "s" })
  test.equal(ready(), 3)
end)

test("a kernel is not built yet, building, ready, or failed", function()
  test.equal(lua "return require 'kdev'.teuthology.kernel_build { branch = 'wip-none' } == nil", true)
  local function state(branch)
    return lua(("return require 'kdev'.teuthology.kernel_build { branch = %q }"):format(branch))
  end
  local slow <const> = state "wip-slow"
  test.equal({ slow.state, slow.url }, { "building", "https://jenkins.ceph.com/job/kernel/1/" })
  test.equal(state("wip-bad").state, "failed")
  local built <const> = state "wip-built"
  test.equal({ built.state, built.commit, built.version }, { "ready", kernel_commit, "6.12.0-1.gabababab" })
end)

test("waiting for a kernel ends when it is built, has failed, or takes too long", function()
  local function wait(branch, limit)
    return lua(([[
      local ok <const>, build <const> = pcall(require "kdev".teuthology.kernel_build, {
        branch = %q, wait = true, timeout = %q, interval = "50ms" })
      return ok and build.state or { kind = build.kind, text = tostring(build) }
    ]]):format(branch, limit))
  end
  test.equal(wait("wip-slow", "300ms").kind, "timeout")
  test.contains(wait("wip-bad", "5s").text, "its output: https://jenkins.ceph.com/job/kernel/1/consoleFull")
  local waiting <const> = kdev.task.spawn(function() return wait("wip-later", "60s") end)
  kdev.task.sleep(0.3)
  local later <const> = "kernel wip-later " .. kernel_commit .. " centos/9\n"
  kdev.fs.write(work .. "/packages", kdev.fs.read(work .. "/packages") .. later)
  test.equal(waiting:await(), "ready")
end)

test("a kernel is asked for, and waited for, by a command", function()
  local function kernel(...) return suite("kernel", ...) end
  test.equal(kernel("wip-built").stdout, ([[
state    ready
branch   wip-built
commit   %s
distro   centos/9
version  6.12.0-1.gabababab
url      https://1.chacra.ceph.com/r/kernel/wip-built/%s/centos/9/flavors/default/
]]):format(kernel_commit, kernel_commit))
  local slow <const> = kernel "wip-slow"
  test.equal(slow.status, 3)
  test.contains(slow.stdout, "state   building")
  test.contains(slow.stdout, "log     https://jenkins.ceph.com/job/kernel/1/consoleFull")
  local none <const> = kernel("wip-none", "--format", "json")
  test.equal({ none.status, kdev.json.decode(none.stdout).state }, { 3, "not built yet" })
  test.equal(kernel("wip-bad").status, 1)
  test.equal(kernel("wip bad").status, 1)
  test.contains(kernel("wip-bad", "--wait").stderr, "its output: https://jenkins.ceph.com/job/kernel/1/consoleFull")
  test.contains(scheduled("--suite", "s", "--kernel", "wip-none").stderr, "kdevlua suite kernel wip-none --wait")
  -- A build takes hours, so the waits double: 50, 100, 200, 400 ms, and what is left of the second.
  local function asked()
    local _, count <const> = kdev.fs.read(work .. "/log"):gsub("GET /api/search[^\n]*ref=wip%-slow", "")
    return count
  end
  local before <const> = asked()
  local late <const> = kernel("wip-slow", "--wait", "--timeout", "1s", "--interval", "50ms")
  test.equal(late.status, 3)
  test.contains(late.stderr, "the kernel branch wip-slow is still building, after 1 s")
  test.equal(asked() - before, 6)
end)

test("a wait for a kernel outlasts Shaman's outages", function()
  local waiting <const> = kdev.task.spawn(function()
    return suite("kernel", "wip-outage", "--wait", "--timeout", "60s", "--interval", "50ms")
  end)
  kdev.task.sleep(0.4)
  kdev.fs.write(work .. "/outage", "")
  kdev.task.sleep(0.7)
  local later <const> = "kernel wip-outage " .. kernel_commit .. " centos/9\n"
  kdev.fs.write(work .. "/packages", kdev.fs.read(work .. "/packages") .. later)
  kdev.fs.remove(work .. "/outage")
  local result <const> = waiting:await()
  test.equal(result.status, 0)
  test.contains(result.stderr, "503; it is asked again")
  test.contains(result.stdout, "state    ready")
end)

test("a server that is overloaded is asked again", function()
  kdev.fs.write(work .. "/broken", "")
  test.equal(lua("return require 'kdev'.teuthology.kernel_build { branch = 'wip-built' }").state, "ready")
  test.equal(kdev.fs.exists(work .. "/broken"), false)
end)

test("a queue that takes no more jobs is said, and nothing is scheduled", function()
  local before <const> = ready()
  queue:kill "USR1"
  local result <const> = scheduled("--suite", "s")
  test.equal(result.status, 1)
  test.contains(result.stderr, "refused a job: DRAINING")
  test.contains(result.stderr, "hint: nothing was scheduled")
  test.equal(ready(), before)
end)

-- Kernel branches.
git("init", "-q", "--bare", "-b", "main", "ceph-client.git")
git("init", "-q", "-b", "work", "linux")
write { ["linux/file"] = "1" }
git("-C", "linux", "add", "-A")
git("-C", "linux", "commit", "-q", "-m", "one")
local function branches() return git("-C", "ceph-client.git", "branch", "--format=%(refname:short)") end

test("a push needs a remote that is ceph-client", function()
  local err <const> =
    test.fails("has no remote that is ceph-client", teuthology.push, { repo = "linux", branch = "wip-x" })
  test.equal(err.kind, "missing")
  git("-C", "linux", "remote", "add", "origin", "https://example.com/linux.git")
  git("-C", "linux", "remote", "add", "lab", kdev.fs.absolute "ceph-client.git")
end)

test("the commit that is checked out is pushed as a branch", function()
  local pushed <const> = teuthology.push { repo = "linux", branch = "wip-x" }
  test.equal(pushed, { branch = "wip-x", remote = "lab", commit = git("-C", "linux", "rev-parse", "HEAD"):match "%x+" })
  test.equal(branches(), "wip-x\n")
end)

test("other commits are overwritten only when it is asked for", function()
  git("-C", "linux", "commit", "-q", "--amend", "-m", "other")
  local err <const> = test.fails("could not push wip-x", teuthology.push, { repo = "linux", branch = "wip-x" })
  test.contains(err.hint, "force = true")
  test.equal(teuthology.push({ repo = "linux", branch = "wip-x", force = true }).branch, "wip-x")
end)

test("other commits at an address are overwritten when it is asked for, and a new branch is made", function()
  git("-C", "linux", "commit", "-q", "--amend", "-m", "another")
  local place <const> = kdev.fs.absolute "ceph-client.git"
  local push <const> = { repo = "linux", branch = "wip-x", remote = place }
  test.contains(test.fails("could not push wip-x", teuthology.push, push).hint, "force = true")
  push.force = true
  test.equal(teuthology.push(push).commit, git("-C", place, "rev-parse", "wip-x"):match "%x+")
  push.branch = "wip-y"
  teuthology.push(push)
  test.equal(branches(), "wip-x\nwip-y\n")
  git("-C", place, "branch", "-q", "-D", "wip-y")
end)

test("what everybody takes from is not pushed to", function()
  for _, branch in ipairs { "master", "main", "Master", "for-linus", "for-linus-6.12" } do
    for _, force in ipairs { false, true } do
      local err <const> = test.fails(
        "kdevlua never pushes to " .. branch, teuthology.push,
        { repo = "linux", branch = branch, force = force, allow_testing = true })
      test.equal(err.kind, "permission")
    end
  end
  test.fails("testing is the kernel that the lab runs", teuthology.push, { repo = "linux", branch = "testing" })
  test.equal(branches(), "wip-x\n")
  teuthology.push { repo = "linux", branch = "testing", allow_testing = true }
  test.equal(branches(), "testing\nwip-x\n")
end)

test("a name that is none is refused before git is asked", function()
  for _, branch in ipairs {
    "", "-f", "a b", "a..b", "a~1", "x:master", "refs/../x", "/x", "x/", "x.lock", "a\n", "@", "HEAD", "x@{1}", "a//b",
    ".x", "$(touch pwned)",
  } do
    local err <const> =
      test.fails("cannot be the name of a branch", teuthology.push, { repo = "linux", branch = branch })
    test.equal(err.kind, "invalid")
  end
  test.equal(branches(), "testing\nwip-x\n")
end)

test("a name that a shell would read is a name", function()
  teuthology.push { repo = "linux", branch = "wip-`touch`;$(x)" }
  test.contains(branches(), "wip-`touch`;$(x)\n")
end)

test.done()
