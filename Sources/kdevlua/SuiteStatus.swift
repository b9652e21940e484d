import ArgumentParser
import Glibc
import Host
import Modules
import Scheduling

/// `kdevlua suite status`.
struct SuiteStatus: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say what became of a run's jobs, and why some of them failed.",
    discussion:
      "Ends with 0 when all jobs passed, with 1 when some failed, with 3 while some are not at their end, and with 4"
      + " when it has no jobs.")

  @Argument(help: ArgumentHelp("The run's name.", valueName: "run"))
  var name: String
  @Flag(help: "Say it anew whenever it changes, until all jobs are at their end.")
  var watch = false
  @Option(help: ArgumentHelp("How often --watch asks, in seconds.", valueName: "seconds"))
  var interval = 60.0
  @Option(
    help: ArgumentHelp("How long the server may give no answer while it is watched, as 30m.", valueName: "time"))
  var outage = TimeArgument(.seconds(3600), "1h")
  @Option(help: ArgumentHelp("How it is printed.", valueName: "table|json"))
  var format = Format.table

  func validate() throws {
    guard interval >= 0.1, interval <= 86400 else { throw ValidationError("--interval must be 0.1 to 86400 seconds") }
  }

  func run() throws {
    try Session.perform {
      let host = try OutputStyle(isQuiet: true).host()
      let lab = try LabConfiguration(environment: Session.environment)
      try await Self.follow(
        name, host, lab, until: watch ? .allEnded : .asked, every: interval, outage: outage.duration
      ) { report in
        Self.show(report, format, lab)
      }
    }
  }

  static let noServer = HostError(
    .invalid, "teuthology.yaml says that there is no results server", hint: "results_server: ADDRESS")

  /// How long a run is followed: until it was asked for once, or until all of its jobs are at their end.
  enum FollowEnd { case asked, allEnded }

  /// Shows what became of a run, and shows it anew whenever it has changed.
  /// - Parameters:
  ///   - interval: seconds until the server is asked again.
  ///   - outage: for how long a server that answered once may give no answer.
  /// - Throws: `ExitCode` 3 while jobs are not at their end, 1 when one of them did not pass, and 4 when there are none.
  static func follow(
    _ name: String, _ host: LocalHost, _ lab: LabConfiguration, until end: FollowEnd, every interval: Double,
    outage: Duration, show: (RunReport) -> Void
  ) async throws {
    guard let results = lab.resultsServer else { throw noServer }
    var report = try await host.run(named: name, at: results)
    show(report)
    var lastAnswer = ContinuousClock.now
    var isOut = false
    while end == .allEnded, report.unfinished > 0 {
      try await Task.sleep(for: .seconds(interval))
      switch await ask(name, host, results) {
      case .success(let next):
        (lastAnswer, isOut) = (.now, false)
        if next != report { show(next) }
        report = next
      case .failure(let error):
        guard error.isOutage, ContinuousClock.now - lastAnswer <= outage else { throw error }
        if !isOut { Session.write("\(error.message); it is asked again\n", to: STDERR_FILENO) }
        isOut = true
      }
    }
    if report.jobs.isEmpty {
      Session.complain("the run \(name) has no jobs")
      throw ExitCode(4)
    }
    if report.unfinished > 0 { throw ExitCode(3) }
    if report.jobs.contains(where: { $0.status != "pass" }) { throw ExitCode.failure }
  }

  private static func ask(_ name: String, _ host: LocalHost, _ results: ResultsServer) async -> Result<
    RunReport, HostError
  > {
    do throws(HostError) {
      return .success(try await host.run(named: name, at: results, isPatient: false))
    } catch {
      return .failure(error)
    }
  }

  static func show(_ report: RunReport, _ format: Format, _ lab: LabConfiguration) {
    switch format {
    case .json: Session.write(report.summary.text + "\n", to: STDOUT_FILENO)
    case .table: Session.write(table(report, page: lab.page(ofRun: report.name)), to: STDOUT_FILENO)
    }
  }

  private static func table(_ report: RunReport, page: String?) -> String {
    var rows = [["STATUS", "JOBS"]]
    for (status, count) in report.orderedCounts { rows.append([status, "\(count)"]) }
    rows.append(["all", "\(report.jobs.count)"])
    var text = report.name + "\n" + (page.map { $0 + "\n" } ?? "") + Table.text(rows, right: 1)
    for failure in report.failures {
      text += "\n\(failure.jobs.count) \(failure.status): \(failure.reason)\n"
      for job in failure.jobs {
        text += "  \(job.id)  \(job.description ?? "")\n"
        if let log = job.log { text += "    \(log)\n" }
      }
    }
    return text
  }
}
