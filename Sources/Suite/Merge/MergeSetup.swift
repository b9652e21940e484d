/// What all jobs of a merge have in common.
public struct MergeSetup: Sendable {
  /// What each job begins with: a mapping, or null for none. Scripts can change it for the jobs that follow.
  public var base: YAMLValue
  /// The text of a file that `base` was read from, if it was. What its anchors share is shared in the base configuration,
  /// which a value cannot say; what `base` has otherwise counts.
  public var baseText: String?
  /// The suite's name, which goes before descriptions: `fs:workload`.
  public var suiteName: String?
  /// What Lua's `math.random` begins with, once for all jobs.
  public var seed: Int
  /// Which jobs are wanted.
  public var filters: PlanFilters
  /// Further globals of the scripts, by name.
  public var globals: [String: YAMLValue]
  /// The paths of the files that jobs name by number; each is read when a job first has it.
  public var files: [String]

  /// A setup; see the properties.
  public init(
    base: YAMLValue = .null, suiteName: String? = nil, seed: Int = 1, filters: PlanFilters = PlanFilters(),
    globals: [String: YAMLValue] = [:], files: [String] = []
  ) {
    self.base = base
    self.suiteName = suiteName
    self.seed = seed
    self.filters = filters
    self.globals = globals
    self.files = files
  }
}

/// What became of a job.
public enum JobOutcome: Sendable, Equatable {
  /// Its configuration is the merge's `yaml`, until the next job.
  case merged
  /// A postmerge script or a filter rejects it; the merge's `rejection` says which.
  case rejected
}

/// A job that could not be merged, where teuthology ends with a traceback.
public struct JobFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The job's description, with the suite's name.
  public let job: String
  /// What is wrong, and where.
  public let error: MergeError

  /// A failure of a job.
  public init(job: String, error: MergeError) {
    self.job = job
    self.error = error
  }

  public var description: String { job.isEmpty ? error.description : "\(error)\n  in the job \(job)" }
}
