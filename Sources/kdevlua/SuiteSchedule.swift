import ArgumentParser
import Glibc
import Host
import Modules
import Scheduling
import Suite

/// `kdevlua suite schedule`.
struct SuiteSchedule: ParsableCommand {
  enum Way: String, ExpressibleByArgument, CaseIterable { case queue, teuthology }
  enum Format: String, ExpressibleByArgument, CaseIterable { case names, json, yaml }

  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Send the jobs of a suite to the lab, as teuthology-suite does.",
    discussion:
      "The options have the names and the meanings of teuthology-suite. Servers and repositories are those of"
      + " ~/.teuthology.yaml.")

  @OptionGroup var jobs: RunOptions
  @OptionGroup var scheduling: SchedulingOptions
  @Option(help: ArgumentHelp("Put the jobs into the queue, or run teuthology-suite.", valueName: "queue|teuthology"))
  var via = Way.queue
  @Flag(help: "Print the jobs, and schedule nothing.")
  var dryRun = false
  @Option(help: ArgumentHelp("What a dry run prints.", valueName: "names|json|yaml"))
  var format = Format.names
  @Flag(help: "Wait until all jobs are at their end, and say what became of them.")
  var wait = false
  @Option(help: ArgumentHelp("How often --wait asks, in seconds.", valueName: "seconds"))
  var interval = 60.0
  @Option(help: ArgumentHelp("How long the server may give no answer to --wait, as 30m.", valueName: "time"))
  var outage = TimeArgument(.seconds(3600), "1h")
  @Flag(name: .shortAndLong, help: "Print no summary.")
  var quiet = false

  func validate() throws {
    guard (jobs.suite == nil) != (scheduling.rerun == nil) else {
      throw ValidationError("either --suite or --rerun is needed")
    }
    guard interval >= 0.1, interval <= 86400 else { throw ValidationError("--interval must be 0.1 to 86400 seconds") }
    if wait, dryRun { throw ValidationError("a dry run schedules nothing to --wait for") }
    if jobs.kernelSha1 != nil, ["distro", "none"].contains(jobs.kernel.lowercased()) {
      throw ValidationError("--kernel-sha1 is of a --kernel BRANCH")
    }
    if via == .teuthology, jobs.kernelSha1 != nil || scheduling.timestamp != nil {
      throw ValidationError("teuthology-suite has no --kernel-sha1 and no --timestamp")
    }
    if via == .teuthology, !jobs.compat { throw ValidationError("teuthology-suite has no --no-compat") }
  }

  func run() throws {
    try Session.perform {
      let host = try OutputStyle(isQuiet: quiet).host()
      let options = options
      if via == .teuthology { return try await runTeuthology(options, host) }
      let lab = try LabConfiguration(environment: Session.environment)
      if wait, lab.resultsServer == nil { throw SuiteStatus.noServer }
      let scheduler = SuiteScheduler(host, lab)
      let planned = try await scheduler.plan(options)
      if dryRun {
        show(planned)
        return
      }
      let scheduled = try await scheduler.schedule(planned, throttle: options.throttle)
      Session.write(scheduled.name + "\n", to: STDOUT_FILENO)
      say(planned, "scheduled")
      if let trouble = scheduled.unreported {
        Session.complain("the jobs are in the queue, but the results server does not know them:\n\(trouble)")
        if wait { throw ExitCode.failure }
      }
      if wait, !scheduled.jobs.isEmpty {
        try await SuiteStatus.follow(
          scheduled.name, host, lab, until: .allEnded, every: interval, outage: outage.duration
        ) { report in
          if !quiet || report.unfinished == 0 { SuiteStatus.show(report, .table, lab) }
        }
      }
    }
  }

  /// The options as the scheduler takes them.
  private var options: ScheduleOptions {
    var options = ScheduleOptions()
    jobs.apply(to: &options)
    scheduling.apply(to: &options)
    return options
  }

  /// The documented command line, said and run.
  private func runTeuthology(_ options: ScheduleOptions, _ host: LocalHost) async throws {
    var command = Command.change(options.teuthologyCommand(dryRun: dryRun))
    command.output = .inherit
    command.error = .inherit
    if wait { command.arguments.insert("--wait", at: 1) }
    Session.write(command.shellText(sudo: false) + "\n", to: STDOUT_FILENO)
    let result = try await host.run(command)
    guard result.succeeded else { throw ExitCode(Int32(result.status)) }
  }

  private func say(_ planned: PlannedRun, _ done: String) {
    guard !quiet else { return }
    let times = planned.count > 1 ? ", \(planned.count) times each" : ""
    var text = "seed \(planned.run.seed)\n"
    text += "\(planned.matrixCount) jobs of the matrix looked at, \(planned.jobs.count) \(done)\(times)\n"
    for job in planned.excluded { text += "left out: \(job.description) (\(job.reason))\n" }
    Session.write(text, to: STDERR_FILENO)
  }

  private func show(_ planned: PlannedRun) {
    var output = LineOutput()
    switch format {
    case .names: for job in planned.jobs { output.write((job["description"]?.string ?? "") + "\n") }
    case .json:
      for job in planned.queued { output.write(YAMLValue.mapping(job).json(sortedKeys: true) + "\n") }
    case .yaml: for job in planned.queued { output.write("---\n" + YAMLValue.mapping(job).yaml) }
    }
    output.flush()
    if !quiet { Session.write("run \(planned.run.name)\n", to: STDERR_FILENO) }
    say(planned, "would be scheduled")
  }
}
