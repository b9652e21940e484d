/// Makes the jobs that teuthology's dispatcher reads from the merged ones.
///
/// The same as what teuthology-suite and teuthology-schedule make of them together:
///
///     let schedule = JobSchedule(run, base: run.baseConfiguration, extra: [])
///     let first = schedule.firstJob
///     let job = try schedule.job(description: "fs/{...}", merged: value)
public struct JobSchedule: Sendable {
  private let run: SuiteRun
  private let base: YAMLMapping
  private let extra: [YAMLValue]
  private let rules: MatrixRules

  /// - Parameters:
  ///   - run: whose jobs they are.
  ///   - base: what the jobs began with, after all of them were merged: scripts can change it.
  ///   - extra: configurations that go over every job, in order.
  ///   - rules: teuthology puts the commits of the base back where a script has taken them out, so that a job without a
  ///     kernel of its own installs the run's on all machines; corrected ones stay out.
  public init(_ run: SuiteRun, base: YAMLMapping, extra: [YAMLValue], rules: MatrixRules = .teuthology) {
    self.run = run
    self.base = base
    self.extra = extra
    self.rules = rules
  }

  /// A job as it goes into the queue.
  /// - Parameters:
  ///   - description: the job's, with the suite's name.
  ///   - merged: its fragments, merged over the base.
  /// - Throws: `DeepMergeError` where teuthology ends with a traceback: an extra configuration clashes, or the `install`
  ///   task's configuration is no mapping.
  public func job(description: String, merged: YAMLValue) throws(DeepMergeError) -> YAMLMapping {
    var own = merged.mapping ?? [:]
    for key in ["sha1", "suite_sha1"] { own.updateKey(key, from: base, addsIt: rules == .teuthology) }
    own["flavor"] = try flavor(of: own)
    var configuration = try YAMLValue.mapping([:]).deepMerged(with: .mapping(own))
    for extra in extra { configuration = try configuration.deepMerged(with: extra) }
    var job = fields(description: .string(description))
    for (key, value) in configuration.mapping ?? [:] where key != "targets" { job[key] = value }
    job["no_nested_subset"] = false
    return job
  }

  /// The job that notes what a rerun needs.
  public var firstJob: YAMLMapping {
    var job = fields(description: .null)
    job["first_in_suite"] = true
    job["seed"] = .string(String(run.seed))
    if let subset = run.subset { job["subset"] = .string("\(subset.index)/\(subset.count)") }
    job["no_nested_subset"] = .bool(!run.hasNestedSubsets)
    return job
  }

  /// The job that waits for all others, and sends the results.
  public var lastJob: YAMLMapping {
    var job = fields(description: .null)
    job["last_in_suite"] = true
    if let email = run.email { job["email"] = .string(email) }
    job["results_timeout"] = .string(String(run.resultsTimeout))
    job["no_nested_subset"] = false
    return job
  }

  private func fields(description: YAMLValue) -> YAMLMapping {
    [
      "name": .string(run.name), "first_in_suite": false, "last_in_suite": false, "email": .null,
      "description": description, "owner": .string(run.owner ?? run.defaultOwner), "verbose": .bool(run.isVerbose),
      "machine_type": .string(run.worker), "tube": .string(run.worker), "priority": .integer(run.priority),
    ]
  }

  /// How the packages of a job were built, as its first `install` task wants them: `get_install_task_flavor`.
  private func flavor(of job: YAMLMapping) throws(DeepMergeError) -> YAMLValue {
    let full = try YAMLValue.mapping(base).deepMerged(with: .mapping(job))
    var install = YAMLValue.mapping([:])
    for task in full["tasks"]?.sequence ?? [] {
      guard let first = task.mapping?.first, first.key == "install" else { continue }
      if first.value.isTruthy { install = first.value }
      break
    }
    let overrides = full["overrides"]?["install"] ?? [:]
    let project = full["project"]?.string ?? "ceph"
    install = try install.deepMerged(with: overrides).deepMerged(with: overrides[project] ?? [:])
    if install["path"]?.isTruthy == true { return "local" }
    if install["valgrind"]?.isTruthy == true { return "notcmalloc" }
    if install["coverage"]?.isTruthy == true { return "gcov" }
    return install["flavor"] ?? "default"
  }
}

/// Which jobs of a run are left out after the merge, by what they say of themselves.
public struct JobExclusion: Sendable {
  /// The machines' architecture, as "x86_64"; nil when nobody knows.
  public var architecture: String?
  /// The distribution of jobs that name none.
  public var osType: String?

  /// An exclusion; see the properties.
  public init(architecture: String?, osType: String?) {
    self.architecture = architecture
    self.osType = osType
  }

  /// Why a job is left out; nil when it is not.
  public func reason(for job: YAMLValue) -> String? {
    if let architecture, let excluded = job["exclude_arch"]?.string, excluded == architecture {
      return "exclude_arch: \(excluded)"
    }
    let type = job["os_type"].flatMap { $0.isTruthy ? $0.string : nil } ?? osType
    if let type, let excluded = job["exclude_os_type"]?.string, excluded == type {
      return "exclude_os_type: \(excluded)"
    }
    return nil
  }
}
