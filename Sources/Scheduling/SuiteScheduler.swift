public import Host
import Suite
import SuiteScripts

/// Makes runs as teuthology-suite does, and brings them to the lab.
///
///     let scheduler = SuiteScheduler(host, try LabConfiguration(environment: environment))
///     let planned = try await scheduler.plan(options)
///     let scheduled = try await scheduler.schedule(planned)
public struct SuiteScheduler: Sendable {
  let host: LocalHost
  let lab: LabConfiguration

  /// - Parameters:
  ///   - host: sends the requests.
  ///   - lab: where they go.
  public init(_ host: LocalHost, _ lab: LabConfiguration) {
    self.host = host
    self.lab = lab
  }

  // MARK: - Plan

  /// Finds out all that a run depends on, and makes its jobs. Changes nothing.
  /// - Throws: `HostError`: `invalid` for options that contradict, `missing` for branches, builds, packages, runs and files
  ///   that are not there, `conflict` when a rerun is asked to be another one, `permission` when the run is too large for
  ///   its priority; `MatrixError`, `JobFailure`, `DeepMergeError` and `YAMLError` for mistakes in the suite.
  public func plan(_ options: ScheduleOptions) async throws -> PlannedRun {
    var options = options
    if let name = options.rerun { try await repeatRun(name, &options) }
    guard let suite = options.suite, !suite.isEmpty else {
      throw HostError(.invalid, "no suite is named", hint: "--suite fs")
    }
    guard let machines = options.machineType ?? lab.defaultMachineType, machines != "None" else {
      throw HostError(
        .invalid, "no machine type is named",
        hint: "--machine-type smithi, or default_machine_type in ~/.teuthology.yaml")
    }
    guard !machines.contains("multi") else {
      throw HostError(.invalid, "multi is no machine type", hint: "name them: --machine-type smithi,gibba")
    }
    var run = SuiteRun(
      suite: String(suite.map { $0 == "/" ? ":" : $0 }), machineType: machines,
      user: options.owner ?? Identity.user ?? "unknown", timestamp: try options.timestamp ?? Self.now(),
      defaultOwner: "scheduled_\(Identity.user ?? "unknown")@\(try Identity.hostName())",
      seed: options.seed ?? Int.random(in: 0...9999))
    take(options, into: &run)
    if let expire = options.expire { run.expire = try Expiration.time(expire, now: Clock.wall) }
    try await findKernel(options, &run)
    let folder = try await findSources(options, &run)
    let planned = try await makeJobs(run, options, folder: folder)
    let limits = ScheduleLimits(
      priority: options.priority, forcesPriority: options.forcesPriority,
      threshold: options.jobThreshold ?? lab.jobThreshold)
    if let refusal = limits.refusal(jobs: planned.jobs.count) {
      throw HostError(.permission, refusal.reason, hint: refusal.hint)
    }
    try await checkPackages(of: planned)
    return planned
  }

  private static func now() throws(HostError) -> String {
    try Clock.localTime(Clock.wall, "%Y-%m-%d_%H:%M:%S")
  }

  private func take(_ options: ScheduleOptions, into run: inout SuiteRun) {
    run.flavor = options.flavor
    run.kernel = options.kernel
    run.kdb = options.kdb
    run.testsFolder = options.testsFolder
    run.owner = options.owner
    run.email = options.email
    run.priority = options.priority
    run.subset = options.subset
    run.hasNestedSubsets = options.hasNestedSubsets
    run.isVerbose = options.isVerbose
    run.sleepBeforeTeardown = options.sleepBeforeTeardown
    run.resultsTimeout = options.resultsTimeout ?? lab.resultsTimeout
    run.rocketchat = options.rocketchat
    run.archiveUpload = options.archiveUpload ?? lab.archiveUpload
    run.archiveUploadKey = lab.archiveUploadKey
  }

  // MARK: - Jobs

  /// What a merge leaves, all of it plain values.
  private struct Merged: Sendable {
    var count = 0
    var jobs: [(description: String, yaml: YAMLValue)] = []
    var base: YAMLMapping = [:]
  }

  private func makeJobs(_ run: SuiteRun, _ options: ScheduleOptions, folder: String) async throws -> PlannedRun {
    let extra = try extraConfigurations(options.extraFiles, folder: folder)
    let parts = [folder, options.testsFolder, "suites", run.suite.split(separator: ":").joined(separator: "/")]
    let path = Files.absolute(parts.filter { !$0.isEmpty }.joined(separator: "/"))
    guard Files.isFolder(path) else {
      throw HostError(.missing, "there is no suite \(run.suite): no folder \(path)")
    }
    let (filters, rules) = (options.filters, options.rules)
    let merged = try await Self.merge(run, filters, path, rules)
    let exclusion = JobExclusion(architecture: try await architecture(options, run, merged.jobs), osType: run.osType)
    let schedule = JobSchedule(run, base: merged.base, extra: extra, rules: options.rules)
    var jobs: [YAMLMapping] = []
    var excluded: [(description: String, reason: String)] = []
    for (description, yaml) in merged.jobs {
      if options.limit > 0, jobs.count >= options.limit { break }
      if let reason = exclusion.reason(for: yaml) {
        excluded.append((description, reason))
      } else {
        jobs.append(try schedule.job(description: description, merged: yaml))
      }
    }
    return PlannedRun(
      run: run, matrixCount: merged.count, jobs: jobs, excluded: excluded, count: options.count,
      first: schedule.firstJob, last: schedule.lastJob)
  }

  /// The base that scripts leave at the end counts for all jobs.
  private static func merge(
    _ run: SuiteRun, _ filters: PlanFilters, _ path: String, _ rules: MatrixRules
  ) async throws -> Merged {
    let matrix = try SuiteMatrix(
      folder: path, subset: run.subset, nestedSubsets: run.hasNestedSubsets, seed: PythonSeed(run.seed),
      rules: rules)
    let setup = MergeSetup(
      base: .mapping(run.baseConfiguration), suiteName: run.suite, seed: run.seed, filters: filters, files: matrix.files
    )
    let merge = PlanMerge(setup, matrix: matrix, writes: .values)
    var merged = Merged()
    merged.base = run.baseConfiguration
    try await merge.run { jobs, block in
      if case .failed(let failure)? = block.outcomes.last { throw HostError(.invalid, failure) }
      merged.count += jobs.count
      merged.jobs += block.values
      merged.base = block.base
      return true
    }
    return merged
  }

  /// Files that go over the jobs: beside the tests, as teuthology looks for them, or else where they are named.
  private func extraConfigurations(_ names: [String], folder: String) throws -> [YAMLValue] {
    try names.map { name in
      let beside = name.hasPrefix("/") ? name : folder + "/" + name
      guard let path = [beside, name].first(where: Files.exists) else {
        throw HostError(.missing, "there is no file \(name), here or in \(folder)")
      }
      let value = try YAMLValue(yaml: try Files.text(path), file: path)
      guard value.isNull || value.mapping != nil else {
        throw HostError(.invalid, "\(path): must be a mapping, not a \(value.kind)")
      }
      return value
    }
  }

  /// The lock server is asked only when a job depends on it.
  private func architecture(
    _ options: ScheduleOptions, _ run: SuiteRun, _ jobs: [(description: String, yaml: YAMLValue)]
  ) async throws(HostError) -> String? {
    if let architecture = options.architecture { return architecture }
    guard jobs.contains(where: { $0.yaml["exclude_arch"]?.isTruthy == true }) else { return nil }
    guard let server = lab.lockServer else {
      throw HostError(
        .missing, "a job says exclude_arch, and there is no lock server that knows the machines", hint: "--arch x86_64")
    }
    return try await host.architecture(ofMachines: run.machineType, at: server)
  }

  // MARK: - Out

  /// Puts the jobs into the queue, and tells the results server of them.
  /// - Parameter throttle: seconds to wait after each job, so that machines are not asked for all at once.
  /// - Throws: `invalid` when teuthology.yaml names no queue or a job is larger than beanstalkd takes, before any is put;
  ///   `missing`, `command` and `timeout` from the queue, after what was put is taken out again.
  public func schedule(_ planned: PlannedRun, throttle: Int = 0) async throws(HostError) -> ScheduledRun {
    guard let place = lab.queue else {
      throw HostError(
        .invalid, "no queue is named", hint: "queue_host and queue_port in \(lab.file ?? "~/.teuthology.yaml")")
    }
    let jobs = planned.queued
    guard !jobs.isEmpty else { return ScheduledRun(name: planned.run.name, jobs: [], unreported: nil) }
    var bodies: [[UInt8]] = []
    bodies.reserveCapacity(jobs.count)
    for job in jobs { bodies.append(Array(YAMLValue.mapping(job).yaml.utf8)) }
    if host.plans("put \(jobs.count) jobs into beanstalkd at \(place.host):\(place.port)") {
      return ScheduledRun(name: planned.run.name, jobs: [], unreported: nil)
    }
    let queue = try await Beanstalk.connect(host: place.host, port: place.port)
    defer { queue.close() }
    try await check(bodies, jobs, fit: queue)
    var numbers: [UInt64] = []
    var start = 0
    while start < jobs.count {
      let tube = Self.tube(of: jobs[start], planned.run)
      var end = start + 1
      while throttle == 0, end < jobs.count, Self.tube(of: jobs[end], planned.run) == tube { end += 1 }
      do throws(HostError) {
        try await queue.use(tube)
        var batch: [BeanstalkJob] = []
        for place in start..<end {
          batch.append(BeanstalkJob(body: bodies[place], priority: try Self.priority(of: jobs[place])))
        }
        numbers += try await queue.put(batch)
        if throttle > 0, end < jobs.count {
          do { try await Task.sleep(for: .seconds(throttle)) } catch { throw HostError.cancelled }
        }
      } catch {
        // What other tubes took before.
        for number in numbers { _ = try? await queue.delete(number) }
        throw error
      }
      start = end
    }
    let own = Array(zip(numbers, jobs).dropFirst().dropLast())
    return ScheduledRun(name: planned.run.name, jobs: own.map(\.0), unreported: await report(own, planned.run))
  }

  private static func tube(of job: YAMLMapping, _ run: SuiteRun) -> String { job["tube"]?.string ?? run.worker }

  private static func priority(of job: YAMLMapping) throws(HostError) -> UInt32 {
    guard case .integer(let number)? = job["priority"], let priority = UInt32(exactly: number) else {
      throw HostError(.invalid, "the priority of a job must be 0 to \(UInt32.max)")
    }
    return priority
  }

  private func check(_ bodies: [[UInt8]], _ jobs: [YAMLMapping], fit queue: Beanstalk) async throws(HostError) {
    let limit = try await queue.statistics()["max-job-size"].flatMap(Int.init) ?? 65535
    for (body, job) in zip(bodies, jobs) {
      _ = try Self.priority(of: job)
      guard body.count <= limit else {
        throw HostError(
          .invalid, "a job has \(body.count) bytes, and the queue takes \(limit): \(job["description"]?.string ?? "?")",
          hint: "nothing was scheduled; beanstalkd -z sets the limit")
      }
    }
  }

  /// As teuthology: the jobs are in the queue, so what the results server says is no error.
  private func report(_ jobs: [(UInt64, YAMLMapping)], _ run: SuiteRun) async -> String? {
    guard let results = lab.resultsServer else { return nil }
    var reports: [(id: String, json: [UInt8])] = []
    for (number, job) in jobs {
      var job = job
      job["tube"] = nil
      job["job_id"] = .string(String(number))
      job["status"] = "queued"
      reports.append((String(number), Array(YAMLValue.mapping(job).json(sortedKeys: true).utf8)))
    }
    do throws(HostError) {
      try await host.post(reports, of: run.name, to: results)
      return nil
    } catch {
      return error.description
    }
  }
}
