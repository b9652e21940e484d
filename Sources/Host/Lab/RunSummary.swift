extension RunReport {
  /// Jobs that failed for one reason.
  public struct Failure: Sendable, Equatable {
    public var status: String
    public var reason: String
    public var jobs: [Job]
  }

  /// How many jobs there are of each status: passed ones first, then failed ones, then those under way.
  public var orderedCounts: [(status: String, count: Int)] {
    let order = ["pass", "fail", "dead", "running", "waiting", "queued"]
    return counts.sorted { left, right in
      let (a, b) = (order.firstIndex(of: left.key) ?? order.count, order.firstIndex(of: right.key) ?? order.count)
      return a != b ? a < b : left.key < right.key
    }.map { ($0.key, $0.value) }
  }

  /// The jobs that failed or died, by their reason, the most frequent reason first.
  public var failures: [Failure] {
    var found: [Failure] = []
    for job in jobs where job.status == "fail" || job.status == "dead" {
      let reason = job.failureReason ?? "no reason given"
      if let place = found.firstIndex(where: { $0.reason == reason && $0.status == job.status }) {
        found[place].jobs.append(job)
      } else {
        found.append(Failure(status: job.status, reason: reason, jobs: [job]))
      }
    }
    // Equal counts stay in the order of the jobs.
    return found.enumerated().sorted {
      $0.element.jobs.count != $1.element.jobs.count
        ? $0.element.jobs.count > $1.element.jobs.count : $0.offset < $1.offset
    }.map(\.element)
  }

  /// The run as JSON: `{name, suite, status, counts, jobs: [{id, status, description, failure_reason, log}]}`.
  public var summary: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    let jobs = jobs.map { job in
      JSONValue.object([
        "id": .string(job.id), "status": .string(job.status), "description": text(job.description),
        "failure_reason": text(job.failureReason), "log": text(job.log),
        "duration": job.duration.map { .integer($0) } ?? .null,
      ])
    }
    return .object([
      "name": .string(name), "suite": text(suite), "status": text(status), "unfinished": .integer(unfinished),
      "counts": .object(counts.mapValues { .integer($0) }), "jobs": .array(jobs),
    ])
  }
}
