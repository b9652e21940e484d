public import Suite

/// A run whose jobs are known, and that nobody has been told of.
public struct PlannedRun: Sendable {
  /// What is known of the run.
  public let run: SuiteRun
  /// How many jobs the matrix had.
  public let matrixCount: Int
  /// The jobs as they go into the queue.
  public let jobs: [YAMLMapping]
  /// Descriptions of jobs that were left out after the merge, with why.
  public let excluded: [(description: String, reason: String)]
  /// How often each of the jobs is scheduled.
  public let count: Int
  /// The job that notes what a rerun needs, and the one that waits for all others.
  public let first: YAMLMapping
  public let last: YAMLMapping

  /// All jobs in the order in which they are put; none when the run has no jobs.
  public var queued: [YAMLMapping] {
    if jobs.isEmpty { return [] }
    var all = [first]
    for job in jobs { for _ in 0..<count { all.append(job) } }
    return all + [last]
  }
}

/// What a run became in the queue.
public struct ScheduledRun: Sendable {
  /// The run's name.
  public let name: String
  /// The numbers of its jobs in the queue, without the first and the last, which do nothing on machines.
  public let jobs: [UInt64]
  /// Why the results server does not know of them; nil when it does, or when there is none.
  public let unreported: String?
}
