public import Suite

/// What a run is asked to be: the options of teuthology-suite, by their meaning there.
public struct ScheduleOptions: Sendable {
  /// `--suite`: as "fs" or "fs/workload".
  public var suite: String?
  /// `--suite-dir`: a folder that has the tests, taken as it is.
  public var suiteFolder: String?
  /// `--suite-relpath`: where `suites/` is in it.
  public var testsFolder = "qa"
  /// `--suite-repo`: an address, or a name beside the lab's own repository.
  public var suiteRepository: String?
  public var suiteBranch: String?
  /// `--suite-sha1`.
  public var suiteCommit: String?
  /// `--ceph`.
  public var cephBranch = "main"
  public var cephRepository: String?
  /// `--sha1`: not checked, as by teuthology's `--validate-sha1 false`.
  public var cephCommit: String?
  public var teuthologyBranch: String?
  /// `--kernel`: a branch, "distro", or "none".
  public var kernel = "distro"
  /// The commit of the kernel's build; nil asks Shaman for it.
  public var kernelCommit: String?
  public var kdb = true
  public var flavor = "default"
  public var machineType: String?
  /// `--arch`; nil asks the lock server, when a job depends on it.
  public var architecture: String?
  public var distro: String?
  public var distroVersion: String?
  public var filters = PlanFilters()
  public var subset: MatrixSubset?
  public var hasNestedSubsets = true
  /// Whether things that teuthology does wrong are done better; its own command does not.
  public var rules = MatrixRules.teuthology
  /// nil draws one.
  public var seed: Int?
  /// 0 is no limit.
  public var limit = 0
  public var priority = 1000
  public var forcesPriority = false
  /// nil is what teuthology.yaml says.
  public var jobThreshold: Int?
  /// `--num`: how often each job is scheduled.
  public var count = 1
  public var owner: String?
  public var email: String?
  /// `--timeout`, in seconds; nil is what teuthology.yaml says.
  public var resultsTimeout: Int?
  public var sleepBeforeTeardown = 0
  /// `--expire`: jobs are not started after it.
  public var expire: String?
  /// `--rocketchat`: channels, with commas.
  public var rocketchat: String?
  /// `--archive-upload`: where results are copied by rsync; nil is what teuthology.yaml says.
  public var archiveUpload: String?
  /// `--throttle`: seconds between one job and the next.
  public var throttle = 0
  public var isVerbose = false
  /// `--non-interactive`: for teuthology's own command, which asks before it schedules very many jobs.
  public var asksNothing = false
  /// YAML files that go over every job.
  public var extraFiles: [String] = []
  /// The name of a run to repeat.
  public var rerun: String?
  public var rerunStatuses = ["fail", "dead"]
  /// When the run was scheduled, as `2026-01-31_12:00:00`; nil is now.
  public var timestamp: String?

  public init() {}

  /// The command that schedules the same with the real teuthology-suite.
  /// - Parameter dryRun: whether it only says what it would do.
  public func teuthologyCommand(dryRun: Bool) -> [String] {
    var words = ["teuthology-suite"]
    func add(_ option: String, _ value: String?) { if let value { words += [option, value] } }
    func add(_ option: String, _ list: [String]) {
      if !list.isEmpty { words += [option, list.joined(separator: ",")] }
    }
    if isVerbose { words.append("-v") }
    if dryRun { words.append("--dry-run") }
    add("--suite", rerun == nil ? suite : nil)
    add("--rerun", rerun)
    if rerun != nil { add("--rerun-statuses", rerunStatuses) }
    add("--ceph", cephBranch)
    add("--sha1", cephCommit)
    add("--ceph-repo", cephRepository)
    add("--kernel", kernel)
    if !kdb { add("--kdb", "false") }
    if flavor != "default" { add("--flavor", flavor) }
    add("--teuthology-branch", teuthologyBranch)
    add("--machine-type", machineType)
    add("--arch", architecture)
    add("--distro", distro)
    add("--distro-version", distroVersion)
    add("--suite-repo", suiteRepository)
    add("--suite-branch", suiteBranch)
    add("--suite-sha1", suiteCommit)
    add("--suite-dir", suiteFolder)
    if testsFolder != "qa" { add("--suite-relpath", testsFolder) }
    add("--filter", filters.any)
    add("--filter-out", filters.none)
    add("--filter-all", filters.all)
    if filters.looksAtFragments { add("--filter-fragments", "true") }
    add("--subset", subset?.description)
    if !hasNestedSubsets { words.append("--no-nested-subset") }
    add("--seed", seed.map(String.init))
    if limit > 0 { add("--limit", String(limit)) }
    add("--priority", String(priority))
    if forcesPriority { words.append("--force-priority") }
    add("--job-threshold", jobThreshold.map(String.init))
    if count != 1 { add("--num", String(count)) }
    add("--owner", owner)
    add("--email", email)
    add("--timeout", resultsTimeout.map(String.init))
    add("--expire", expire)
    add("--rocketchat", rocketchat)
    add("--archive-upload", archiveUpload)
    if throttle > 0 { add("--throttle", String(throttle)) }
    if sleepBeforeTeardown > 0 { add("--sleep-before-teardown", String(sleepBeforeTeardown)) }
    // It would ask at the terminal before many jobs sleep.
    if asksNothing || sleepBeforeTeardown > 0 { words.append("--non-interactive") }
    return words + extraFiles
  }
}
