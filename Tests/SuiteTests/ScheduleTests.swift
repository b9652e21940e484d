import Testing

@testable import Suite

/// How a merged job becomes one that the dispatcher reads. That whole runs are teuthology's own is compared in Tests/Suite.
@Suite struct ScheduleTests {
  static var run: SuiteRun {
    var run = SuiteRun(
      suite: "fs:workload", machineType: "smithi", user: "me", timestamp: "2026-01-01_00:00:00",
      defaultOwner: "scheduled_me@here", seed: 7)
    run.ceph = SuiteRun.Source(repository: "file:///ceph", branch: "main", commit: "c0")
    run.tests = SuiteRun.Source(repository: "file:///ceph", branch: "main", commit: "50")
    return run
  }

  @Test func aRunIsNamedByWhatItTests() {
    var run = Self.run
    #expect(run.name == "me-2026-01-01_00:00:00-fs:workload-main---default-smithi")
    run.kernel = "wip-me/x"
    run.machineType = "smithi,gibba"
    #expect(run.name == "me-2026-01-01_00:00:00-fs:workload-main-wip-me:x-default-multi")
  }

  @Test func whatTheRunDoesNotSayIsNotInTheBase() {
    var run = Self.run
    run.ceph.commit = nil
    let base = run.baseConfiguration
    #expect(base["sha1"] == nil && base["kernel"] == nil && base["os_type"] == nil)
    #expect(base["overrides"]?["install"]?["ceph"] == ["flavor": "default"])
  }

  @Test func aKernelIsInTheBaseAsTeuthologyHasIt() {
    var run = Self.run
    run.kernel = "distro"
    #expect(run.baseConfiguration["kernel"] == ["branch": "distro", "kdb": 1, "sha1": "distro"])
    run.kernel = "wip-x"
    run.kernelCommit = "ab"
    run.kdb = false
    #expect(
      run.baseConfiguration["kernel"] == ["branch": "wip-x", "kdb": 0, "sha1": "ab", "flavor": "default"])
    run.kernel = "None"
    #expect(run.baseConfiguration["kernel"] == nil)
  }

  @Test func commitsComeBackAtEveryLevelThatBothHave() throws {
    let base: YAMLMapping = ["sha1": "new", "kernel": ["sha1": "k"], "other": ["sha1": "o"]]
    let schedule = JobSchedule(Self.run, base: base, extra: [])
    let job = try schedule.job(
      description: "d", merged: ["sha1": "old", "kernel": ["client": ["sha1": "mine"]], "tasks": []])
    #expect(job["sha1"] == "new")
    #expect(job["kernel"] == ["client": ["sha1": "mine"], "sha1": "k"])
    #expect(job["other"] == nil)
  }

  @Test func commitsThatScriptsTookOutStayOutWhenThatIsWanted() throws {
    let base: YAMLMapping = ["sha1": "new", "kernel": ["sha1": "k", "client": ["sha1": "c"]]]
    let schedule = JobSchedule(Self.run, base: base, extra: [], rules: .corrected)
    let job = try schedule.job(
      description: "d", merged: ["sha1": "old", "kernel": ["client": ["sha1": "mine"]], "tasks": []])
    #expect(job["sha1"] == "new")
    #expect(job["kernel"] == ["client": ["sha1": "c"]])
  }

  @Test func extraConfigurationsGoOverTheJobAndTargetsGo() throws {
    let extra: YAMLValue = ["targets": ["a": "b"], "priority": 5, "list": [2]]
    let schedule = JobSchedule(Self.run, base: [:], extra: [extra, .null])
    let job = try schedule.job(description: "d", merged: ["list": [1], "targets": ["c": "d"]])
    #expect(job["targets"] == nil)
    #expect(job["list"] == [1, 2])
    #expect(job["priority"] == 5)
    #expect(throws: DeepMergeError.self) {
      try JobSchedule(Self.run, base: [:], extra: [["list": "text"]]).job(description: "d", merged: ["list": [1]])
    }
  }

  @Test(
    arguments: [
      ([:], "later"), (["install": .null], "default"), (["install": ["flavor": "crimson"]], "crimson"),
      (["install": ["valgrind": ["mon": "x"]]], "notcmalloc"), (["install": ["coverage": true]], "gcov"),
      (["install": ["path": "/x", "valgrind": true]], "local"),
    ] as [(YAMLValue, YAMLValue)])
  func theFlavorIsWhatTheFirstInstallTaskWants(task: YAMLValue, flavor: YAMLValue) throws {
    let schedule = JobSchedule(Self.run, base: [:], extra: [])
    let tasks: [YAMLValue] = [["ceph": .null], task, ["install": ["flavor": "later"]]]
    let job = try schedule.job(description: "d", merged: ["tasks": .sequence(tasks.filter { $0 != [:] })])
    #expect(job["flavor"] == flavor)
  }

  @Test func overridesOfTheInstallTaskCount() throws {
    let schedule = JobSchedule(Self.run, base: [:], extra: [])
    let job = try schedule.job(
      description: "d", merged: ["overrides": ["install": ["flavor": "a", "ceph": ["flavor": "b"]]], "tasks": []])
    #expect(job["flavor"] == "b")
  }

  @Test func theFirstJobNotesWhatARerunNeedsAndTheLastWaits() {
    var run = Self.run
    run.subset = MatrixSubset("3/7")
    run.hasNestedSubsets = false
    run.email = "me@here"
    let schedule = JobSchedule(run, base: [:], extra: [])
    #expect(schedule.firstJob["seed"] == "7" && schedule.firstJob["subset"] == "3/7")
    #expect(schedule.firstJob["no_nested_subset"] == true && schedule.firstJob["email"] == .null)
    #expect(schedule.lastJob["email"] == "me@here" && schedule.lastJob["results_timeout"] == "43200")
  }

  @Test(arguments: [
    (49, 1, false), (49, 0, true), (50, 25, true), (74, 26, false), (75, 100, true), (149, 101, false),
    (150, 500, true),
    (150, 501, false), (0, 1, false),
  ])
  func aPriorityAllowsSoManyJobs(priority: Int, jobs: Int, isAllowed: Bool) {
    #expect((ScheduleLimits(priority: priority).refusal(jobs: jobs) == nil) == isAllowed)
  }

  @Test func limitsAreLiftedOneByOne() {
    #expect(ScheduleLimits(priority: 1, forcesPriority: true).refusal(jobs: 500) == nil)
    #expect(ScheduleLimits(priority: 1, forcesPriority: true).refusal(jobs: 501) != nil)
    #expect(ScheduleLimits(priority: 1000, threshold: 0).refusal(jobs: 100_000) == nil)
  }

  @Test func jobsThatDoNotSuitTheMachinesAreLeftOut() {
    let exclusion = JobExclusion(architecture: "x86_64", osType: "ubuntu")
    #expect(exclusion.reason(for: ["exclude_arch": "x86_64"]) == "exclude_arch: x86_64")
    #expect(exclusion.reason(for: ["exclude_arch": "aarch64"]) == nil)
    #expect(exclusion.reason(for: ["exclude_os_type": "ubuntu"]) == "exclude_os_type: ubuntu")
    #expect(exclusion.reason(for: ["exclude_os_type": "ubuntu", "os_type": "centos"]) == nil)
  }
}
