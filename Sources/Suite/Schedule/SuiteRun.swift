/// What is known of a run before its jobs are: teuthology-suite's `Run`.
public struct SuiteRun: Sendable, Equatable {
  /// A branch of a repository and the commit that it stands for.
  public struct Source: Sendable, Equatable {
    /// Where git fetches from.
    public var repository: String
    public var branch: String?
    public var commit: String?

    /// A source; see the properties.
    public init(repository: String = "", branch: String? = nil, commit: String? = nil) {
      self.repository = repository
      self.branch = branch
      self.commit = commit
    }
  }

  /// The suite, as `fs:workload`.
  public var suite: String
  /// What is tested.
  public var ceph = Source()
  /// Where the tests are taken from when a job runs.
  public var tests = Source()
  /// The folder in the repository of tests that has `suites/`, as "qa".
  public var testsFolder = "qa"
  /// What runs the jobs; its repository is not part of them.
  public var teuthology = Source()
  /// One machine type, or several with commas.
  public var machineType: String
  /// How Ceph's packages were built.
  public var flavor = "default"
  /// The kernel as it was asked for: a branch, "distro", "none", or nil.
  public var kernel: String?
  /// The commit of the kernel branch's build; not needed for "distro" and "none".
  public var kernelCommit: String?
  /// Whether the kernel's debugger is enabled.
  public var kdb = true
  /// The distribution that jobs must have, in lower case.
  public var osType: String?
  /// Its version.
  public var osVersion: String?
  public var archiveUpload: String?
  public var archiveUploadKey: String?
  /// After this time jobs are not started, in UTC as `2026-01-31_12:00:00`.
  public var expire: String?
  /// Whose run it is.
  public var user: String
  /// When it was scheduled, as `2026-01-31_12:00:00`.
  public var timestamp: String
  /// Whom machines are locked for, when it is said.
  public var owner: String?
  /// Whom they are locked for when it is not said: `scheduled_USER@HOST`.
  public var defaultOwner: String
  /// Who gets the results.
  public var email: String?
  /// 0 to 4294967295, the lower the sooner.
  public var priority = 1000
  public var seed: Int
  public var subset: MatrixSubset?
  public var hasNestedSubsets = true
  public var isVerbose = false
  /// How long a machine rests before it is given back, in seconds.
  public var sleepBeforeTeardown = 0
  /// Rocket.Chat channels that are told of the end, with commas.
  public var rocketchat: String?
  /// How many seconds the last job waits for the others.
  public var resultsTimeout = 43200

  /// A run; see the properties.
  public init(
    suite: String, machineType: String, user: String, timestamp: String, defaultOwner: String, seed: Int
  ) {
    self.suite = suite
    self.machineType = machineType
    self.user = user
    self.timestamp = timestamp
    self.defaultOwner = defaultOwner
    self.seed = seed
  }

  /// The run's name: `USER-TIMESTAMP-SUITE-CEPH-KERNEL-FLAVOR-WORKER`.
  public var name: String {
    let parts = [user, timestamp, suite, ceph.branch ?? "None", kernel ?? "-", flavor, worker]
    return String(parts.joined(separator: "-").map { $0 == "/" ? ":" : $0 })
  }

  /// Who takes the jobs: the machine type, or "multi" for several.
  public var worker: String { machineType.contains(",") ? "multi" : machineType }

  /// What all jobs begin with: teuthology's template with what the run says; what it does not say is left out.
  public var baseConfiguration: YAMLMapping {
    var base = Self.template(self)
    if let kernelStanza { base["kernel"] = kernelStanza }
    base["name"] = .string(name)
    base["user"] = .string(user)
    base["timestamp"] = .string(timestamp)
    base["priority"] = .integer(priority)
    base["seed"] = .integer(seed)
    if let subset { base["subset"] = .string("\(subset.index)/\(subset.count)") }
    if let email { base["email"] = .string(email) }
    if let owner { base["owner"] = .string(owner) }
    if sleepBeforeTeardown > 0 { base["sleep_before_teardown"] = .integer(sleepBeforeTeardown) }
    if let rocketchat, !rocketchat.isEmpty { base["rocketchat"] = .string(rocketchat) }
    return base
  }

  /// As `choose_kernel` of teuthology's `run.py` makes it.
  private var kernelStanza: YAMLValue? {
    guard let kernel, kernel.lowercased() != "none" else { return nil }
    let kdb: YAMLValue = kdb ? 1 : 0
    if kernel == "distro" { return ["branch": "distro", "kdb": kdb, "sha1": "distro"] }
    guard let kernelCommit else { return nil }
    return ["branch": .string(kernel), "kdb": kdb, "sha1": .string(kernelCommit), "flavor": "default"]
  }

  /// As `dict_templ` of teuthology's `placeholder.py`.
  private static func template(_ run: SuiteRun) -> YAMLMapping {
    var base = given([
      ("branch", run.ceph.branch), ("expire", run.expire), ("sha1", run.ceph.commit),
      ("teuthology_branch", run.teuthology.branch), ("teuthology_sha1", run.teuthology.commit),
      ("archive_upload", run.archiveUpload), ("archive_upload_key", run.archiveUploadKey),
      ("machine_type", run.machineType), ("os_type", run.osType), ("os_version", run.osVersion),
      ("repo", run.ceph.repository), ("suite", run.suite), ("suite_repo", run.tests.repository),
      ("suite_relpath", run.testsFolder), ("suite_branch", run.tests.branch), ("suite_sha1", run.tests.commit),
    ])
    var ceph = given([("flavor", run.flavor), ("sha1", run.ceph.commit)])
    ceph["log-ignorelist"] = ["\\(MDS_ALL_DOWN\\)", "\\(MDS_UP_LESS_THAN_MAX\\)"]
    ceph["conf"] = [
      "mon": ["debug mon": 20, "debug ms": 1, "debug paxos": 20],
      "mgr": ["debug mgr": 20, "debug ms": 1],
      "osd": ["debug ms": 1, "debug osd": 20],
    ]
    base["overrides"] = [
      "admin_socket": .mapping(given([("branch", run.ceph.branch)])),
      "ceph": .mapping(ceph),
      "ceph-deploy": ["conf": ["client": ["log file": "/var/log/ceph/ceph-$name.$pid.log"], "mon": [:]]],
      "install": ["ceph": .mapping(given([("sha1", run.ceph.commit), ("flavor", run.flavor)]))],
      "workunit": .mapping(given([("branch", run.tests.branch), ("sha1", run.tests.commit)])),
    ]
    base["sleep_before_teardown"] = 0
    base["tasks"] = []
    return base
  }

  /// A mapping without what is nil.
  private static func given(_ pairs: [(key: String, value: String?)]) -> YAMLMapping {
    var mapping = YAMLMapping()
    for pair in pairs { if let value = pair.value { mapping[pair.key] = .string(value) } }
    return mapping
  }
}
