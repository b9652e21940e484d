/// How many jobs a run may have, for its priority: teuthology's `check_priority` and `check_num_jobs`.
public struct ScheduleLimits: Sendable {
  /// Lower is sooner.
  public var priority: Int
  /// Whether the priority is taken whatever the number of jobs.
  public var forcesPriority: Bool
  /// How many jobs a run may have; 0 is any number.
  public var threshold: Int

  /// Limits; see the properties.
  public init(priority: Int, forcesPriority: Bool = false, threshold: Int = 500) {
    self.priority = priority
    self.forcesPriority = forcesPriority
    self.threshold = threshold
  }

  /// Why a run may not be scheduled, and what to do instead; nil when it may. A run without jobs always may.
  public func refusal(jobs: Int) -> (reason: String, hint: String)? {
    if jobs > 0, !forcesPriority {
      let (limit, range): (Int, String) =
        switch priority {
        case ..<50: (0, "priorities below 50 are for what blocks everybody")
        case ..<75: (25, "priorities from 50 to 74 are for 25 jobs at most")
        case ..<150: (100, "priorities from 75 to 149 are for 100 jobs at most")
        default: (.max, "")
        }
      if jobs > limit {
        return (
          "\(jobs) jobs cannot have priority \(priority): \(range)", "choose a higher number, or --force-priority"
        )
      }
    }
    if threshold > 0, jobs > threshold {
      return (
        "\(jobs) jobs are more than the \(threshold) that a run may have", "--subset I/N, --limit, or --job-threshold 0"
      )
    }
    return nil
  }
}
