/// The server that keeps what became of jobs (https://github.com/ceph/paddles).
public struct ResultsServer: Sendable, Equatable {
  /// Its address, as "https://paddles.front.sepia.ceph.com/".
  public var server: String

  public init(server: String) { self.server = server }
}

/// A run, as the results server knows it.
public struct RunReport: Sendable, Equatable {
  /// One of its jobs.
  public struct Job: Sendable, Equatable {
    public var id: String
    public var description: String?
    /// "queued", "waiting", "running", "pass", "fail", "dead", or another word of the server's.
    public var status: String
    public var failureReason: String?
    /// Its log.
    public var log: String?
    /// How many seconds it took.
    public var duration: Int?
  }

  public var name: String
  /// The suite, as `fs:workload`.
  public var suite: String?
  public var status: String?
  public var jobs: [Job]
  /// What the first job says a rerun needs.
  public var memo: RerunMemo?

  /// How many jobs there are of each status.
  public var counts: [String: Int] { jobs.reduce(into: [:]) { $0[$1.status, default: 0] += 1 } }
  /// How many jobs are not at their end.
  public var unfinished: Int { jobs.count { !Self.isEnd($0.status) } }

  /// Whether a job with this status has come to its end.
  public static func isEnd(_ status: String) -> Bool { ["pass", "fail", "dead"].contains(status) }

  /// - Returns: nil when the value is no run.
  public init?(_ json: JSONValue, name: String) {
    guard case .object = json, let jobs = json["jobs"]?.array else { return nil }
    self.name = json["name"]?.string ?? name
    suite = json["suite"]?.string
    status = json["status"]?.string
    self.jobs = jobs.map { job in
      Job(
        id: job["job_id"]?.string ?? job["job_id"]?.integer.map(String.init) ?? "?",
        description: job["description"]?.string, status: job["status"]?.string ?? "unknown",
        failureReason: job["failure_reason"]?.string, log: job["log_href"]?.string, duration: job["duration"]?.integer)
    }
    memo = jobs.first.map { RerunMemo($0) }
  }
}

/// What a job remembers of how its run was made.
public struct RerunMemo: Sendable, Equatable {
  public var seed: Int?
  /// As "3/32"; nil for all jobs.
  public var subset: String?
  public var hasNestedSubsets: Bool

  init(_ job: JSONValue) {
    seed = job["seed"]?.integer ?? job["seed"]?.string.flatMap(Int.init)
    let text = job["subset"]?.string
    subset = text == "1/1" ? nil : text
    hasNestedSubsets = job["no_nested_subset"]?.bool != true
  }
}

extension LocalHost {
  /// Asks for a run: `GET /runs/NAME`.
  /// - Parameter isPatient: whether a server that does not answer is asked a few times.
  /// - Throws: `missing` when the server has no such run.
  public func run(named name: String, at results: ResultsServer, isPatient: Bool = true) async throws(HostError)
    -> RunReport
  {
    let url = HTTPRequest.url(results.server, ["runs", name])
    let response: HTTPResponse
    do {
      response = try await require(HTTPRequest("GET", url), patience: isPatient ? HTTPPatience() : .oneTry)
    } catch {
      guard error.code == .missing, error.message.contains("404") else { throw error }
      throw HostError(.missing, "the results server has no run \(name)", hint: "look for its name at \(results.server)")
    }
    guard let report = RunReport(try JSONValue.read(response, from: url), name: name) else {
      throw HostError(.system, "\(url) did not answer with a run", detail: String(response.text.prefix(500)))
    }
    return report
  }

  /// Tells the server of jobs: `POST /runs/NAME/jobs/`, or `PUT` for one that it knows.
  /// - Parameter jobs: numbers, and JSON objects with `job_id`.
  /// - Throws: `system` with the first answer that is no success.
  public func post(_ jobs: [(id: String, json: [UInt8])], of run: String, to results: ResultsServer)
    async throws(HostError)
  {
    let url = HTTPRequest.url(results.server, ["runs", run, "jobs", ""])
    let requests = jobs.map { HTTPRequest("POST", url, body: $0.json) }
    let responses = try await http(requests)
    var again: [HTTPRequest] = []
    for (number, response) in responses.enumerated() where !response.isSuccess {
      guard response.text.contains("already exists") else { throw Self.refusal(of: requests[number], response) }
      again.append(
        HTTPRequest(
          "PUT", HTTPRequest.url(results.server, ["runs", run, "jobs", jobs[number].id, ""]), body: jobs[number].json))
    }
    let answers = try await http(again)
    for (request, response) in zip(again, answers) where !response.isSuccess {
      throw Self.refusal(of: request, response)
    }
  }

  /// The architecture of the machines of a type, from the lock server: `GET /nodes/?machine_type=TYPE&count=1`.
  /// - Returns: nil when the server knows no such machine.
  public func architecture(ofMachines type: String, at server: String) async throws(HostError) -> String? {
    let url = HTTPRequest.url(server, ["nodes", ""], query: [("machine_type", type), ("count", "1")])
    let answer = try await require(HTTPRequest("GET", url))
    return try JSONValue.read(answer, from: url).array?.first?["arch"]?.string
  }
}
