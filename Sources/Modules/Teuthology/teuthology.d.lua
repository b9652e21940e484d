---@meta kdev.teuthology

--- The lab: kernel branches that it builds, runs of suites, and what became of them. Servers and repositories are those of
--- `~/.teuthology.yaml` (or `$TEUTHOLOGY_CONFIG`), as for teuthology itself.
---@class kdev.teuthology
local teuthology = {}

---@class kdev.teuthology.PushOptions
---@field repo? string A folder in the kernel's repository. Default ".".
---@field branch string What the branch is called there, as "wip-NAME".
---@field remote? string The remote's name or address. Default: the one whose address ends with ceph-client.
---@field force? boolean Overwrite a branch with other commits, unless somebody else pushed to it: `--force-with-lease`.
---@field allow_testing? boolean The branch may be "testing", which the lab runs for everybody.

---@class kdev.teuthology.KernelBuildOptions
---@field branch string As it was pushed.
---@field commit? string The commit. Default: whatever was built of the branch, perhaps of an older commit.
---@field distro? string As "centos". Default "centos".
---@field version? string The distribution's version. Default: the lab's own.
---@field arch? string Default "x86_64".
---@field wait? boolean Wait until it can be installed.
---@field timeout? integer|number|string How long to wait, in seconds or as "2h". Default "3h".
---@field interval? integer|number|string Until Shaman is asked again; it doubles up to ten times that. Default "30s".

---@class kdev.teuthology.ScheduleOptions
---@field suite? string As "fs" or "fs/workload". This or `rerun`.
---@field kernel? string A branch, "distro" or "none". Default "distro".
---@field kernel_sha1? string The commit of the branch's build. Default: what Shaman has.
---@field ceph? string The branch of Ceph. Default "main".
---@field sha1? string The commit of Ceph.
---@field ceph_repo? string
---@field flavor? string How Ceph's packages were built. Default "default".
---@field suite_dir? string A folder with the tests, taken as it is; it has qa/suites.
---@field suite_repo? string
---@field suite_branch? string
---@field suite_sha1? string
---@field teuthology_branch? string
---@field distro? string The distribution, and no job of another.
---@field distro_version? string
---@field machine_type? string
---@field arch? string
---@field filter? string[] Jobs whose description has one of these texts.
---@field filter_out? string[] Jobs whose description has none of these texts.
---@field filter_all? string[] Jobs whose description has all of these texts.
---@field subset? string As "0/32".
---@field compat? boolean Do as teuthology does where it is plainly wrong, so that the jobs are the same. Default true.
---@field seed? integer Default: one is drawn.
---@field limit? integer
---@field num? integer How often each job is scheduled. Default 1.
---@field priority? integer Lower is sooner. Default 1000.
---@field force_priority? boolean
---@field job_threshold? integer How many jobs a run may have; 0 is any number. Default 500.
---@field owner? string
---@field email? string
---@field expire? string Start no job after this time: "2026-01-31T12:00", or from now on "7h" or "3d".
---@field rocketchat? string Rocket.Chat channels that are told of the end, with commas.
---@field archive_upload? string Where results are copied by rsync. Default: what teuthology.yaml says.
---@field throttle? integer Seconds to wait after each job. Default 0.
---@field files? string[] YAML files that go over every job.
---@field rerun? string The name of a run to repeat.
---@field rerun_statuses? string[] Which jobs of it. Default { "fail", "dead" }.
---@field dry_run? boolean Make the jobs, and schedule nothing.

---@class kdev.teuthology.StatusOptions
---@field run string The run's name.

--- Pushes the commit that is checked out to ceph-client, where the lab builds it: `git push REMOTE COMMIT:refs/heads/BRANCH`.
--- Errors: "invalid" for a name that is none; "permission" for master, main and for-linus, always, and for testing without
--- `allow_testing`; "missing" when no remote is ceph-client; "command" when git fails.
---@param options kdev.teuthology.PushOptions
---@return {branch: string, commit: string, remote: string}
function teuthology.push(options) end

--- How far Shaman is with a kernel: nil is "not built yet". With `wait` it is ready, or there is an error: "command" when the
--- build failed, "timeout"; a server that answered once and then gives no answer is asked again until then. Source:
--- `GET /api/search` and `GET /api/builds/kernel/BRANCH/COMMIT/`.
---@param options kdev.teuthology.KernelBuildOptions
---@return {state: "ready"|"building"|"failed", branch: string, commit: string, distro: string, url: string?, log: string?, version: string?}?
function teuthology.kernel_build(options) end

--- Schedules a suite as `kdevlua suite schedule` does, in the queue of teuthology.yaml. `descriptions` are the jobs', `ids` their
--- numbers in the queue, none in a dry run; `unreported` says why the results server does not know of them. Errors:
--- "invalid", "missing" (branches, builds, packages), "conflict" (a rerun that would be another run), "permission" (too many
--- jobs for the priority), "command" (the queue refuses a job; nothing is scheduled then).
---@param options kdev.teuthology.ScheduleOptions
---@return {name: string, seed: integer, count: integer, descriptions: string[], ids: integer[], unreported: string?}
function teuthology.schedule(options) end

--- What became of a run, from the results server. `unfinished` jobs are not at their end; `counts` has the number of jobs by
--- status. Errors: "missing" when there is no such run.
---@param options kdev.teuthology.StatusOptions
---@return {name: string, suite: string?, status: string?, unfinished: integer, counts: table<string, integer>, jobs: {id: string, status: string, description: string?, failure_reason: string?, log: string?, duration: integer?}[]}
function teuthology.status(options) end

return teuthology
