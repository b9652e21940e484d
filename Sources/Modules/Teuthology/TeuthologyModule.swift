import Host
import LuaKit
import LuaRuntime
import Scheduling
import Suite

/// `kdev.teuthology`; its functions are documented in teuthology.d.lua.
enum TeuthologyModule: KdevModule {
  static let name = "teuthology"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("push") { lua in
      let options = try environment.options(lua, at: 1, "kdev.teuthology.PushOptions", for: "kdev.teuthology.push")
      let branch = try BranchName(try options.required("branch"))
      let (folder, remote) = (try options.string("repo") ?? ".", try options.string("remote"))
      let (force, testing) = (try options.bool("force"), try options.bool("allow_testing"))
      return LuaOperation {
        let pushed = try await host.pushBranch(
          of: folder, as: branch, to: remote, isForced: force, allowsTesting: testing)
        return LuaReturn.values([
          .record([
            ("branch", .string(pushed.branch)), ("commit", .string(pushed.commit)), ("remote", .string(pushed.remote)),
          ])
        ])
      }
    }
    module.async("kernel_build") { lua in
      let options = try environment.options(
        lua, at: 1, "kdev.teuthology.KernelBuildOptions", for: "kdev.teuthology.kernel_build")
      let branch = try BranchName(try options.required("branch"))
      let commit = try options.string("commit")
      let waits = try options.bool("wait")
      var patience = BuildPatience()
      if let limit = try options.duration("timeout") { patience.timeLimit = limit }
      if let interval = try options.duration("interval") { patience.interval = interval }
      let distro = try SuiteScheduler.packageDistro(
        osType: options.string("distro"), osVersion: options.string("version"),
        architecture: options.string("arch") ?? "x86_64")
      return LuaOperation { [patience] in
        let shaman = try LabConfiguration(of: host).shaman
        let build =
          waits
          ? try await host.waitForKernelBuild(
            of: branch, commit: commit, distro: distro, at: shaman, patience: patience)
          : try await host.kernelBuild(of: branch, commit: commit, distro: distro, at: shaman)
        return LuaReturn.values([build?.value ?? .nil])
      }
    }
    module.async("schedule") { lua in
      let options = try environment.options(
        lua, at: 1, "kdev.teuthology.ScheduleOptions", for: "kdev.teuthology.schedule")
      let wanted = try ScheduleOptions(options)
      let isDry = try options.bool("dry_run")
      return LuaOperation {
        let scheduler = SuiteScheduler(host, try LabConfiguration(of: host))
        let planned = try await scheduler.plan(wanted)
        let scheduled = isDry ? nil : try await scheduler.schedule(planned, throttle: wanted.throttle)
        return LuaReturn.values([planned.value(scheduled)])
      }
    }
    module.async("status") { lua in
      let options = try environment.options(lua, at: 1, "kdev.teuthology.StatusOptions", for: "kdev.teuthology.status")
      let run: String = try options.required("run")
      return LuaOperation {
        guard let results = try LabConfiguration(of: host).resultsServer else {
          throw HostError(.invalid, "teuthology.yaml says that there is no results server")
        }
        return LuaReturn.values([LuaValue(try await host.run(named: run, at: results).summary)])
      }
    }
  }
}

extension LabConfiguration {
  /// The lab of whoever runs the script.
  fileprivate init(of host: LocalHost) throws {
    do { self = try LabConfiguration(environment: host.options.environment) } catch let error as YAMLError {
      throw DataFailure(error)
    }
  }
}

extension ScheduleOptions {
  fileprivate init(_ options: Options) throws {
    self.init()
    suite = try options.string("suite")
    rerun = try options.string("rerun")
    guard (suite == nil) != (rerun == nil) else { throw options.wrong("suite", "either suite or rerun is needed") }
    rerunStatuses = try options.value("rerun_statuses") ?? rerunStatuses
    kernel = try options.string("kernel") ?? kernel
    kernelCommit = try options.string("kernel_sha1")
    cephBranch = try options.string("ceph") ?? cephBranch
    cephCommit = try options.string("sha1")
    cephRepository = try options.string("ceph_repo")
    flavor = try options.string("flavor") ?? flavor
    suiteFolder = try options.string("suite_dir")
    suiteRepository = try options.string("suite_repo")
    suiteBranch = try options.string("suite_branch")
    suiteCommit = try options.string("suite_sha1")
    teuthologyBranch = try options.string("teuthology_branch")
    distro = try options.string("distro")
    distroVersion = try options.string("distro_version")
    machineType = try options.string("machine_type")
    architecture = try options.string("arch")
    filters.any = try options.strings("filter")
    filters.none = try options.strings("filter_out")
    filters.all = try options.strings("filter_all")
    if let text = try options.string("subset") {
      guard let subset = MatrixSubset(text) else { throw options.wrong("subset", MatrixSubset.expected) }
      self.subset = subset
    }
    if try options.value("compat") == false { rules = .corrected }
    seed = try options.integer("seed", in: 0...Int.max)
    limit = try options.integer("limit", in: 0...Int.max) ?? 0
    count = try options.integer("num", in: 1...Int.max) ?? 1
    priority = try options.integer("priority", in: 0...Int(UInt32.max)) ?? priority
    forcesPriority = try options.bool("force_priority")
    jobThreshold = try options.integer("job_threshold", in: 0...Int.max)
    owner = try options.string("owner")
    email = try options.string("email")
    expire = try options.string("expire")
    rocketchat = try options.string("rocketchat")
    archiveUpload = try options.string("archive_upload")
    throttle = try options.integer("throttle", in: 0...Int(Int32.max)) ?? 0
    extraFiles = try options.strings("files")
  }
}

extension KernelBuild {
  fileprivate var value: LuaValue {
    var fields: [(String, LuaValue)] = [
      ("state", .string(state.rawValue)), ("branch", .string(branch)), ("commit", .string(commit)),
      ("distro", .string(distro)),
    ]
    for (name, text) in [("url", url), ("log", log), ("version", version)] {
      if let text { fields.append((name, .string(text))) }
    }
    return .record(fields)
  }
}

extension PlannedRun {
  fileprivate func value(_ scheduled: ScheduledRun?) -> LuaValue {
    var fields: [(String, LuaValue)] = [
      ("name", .string(run.name)), ("seed", .integer(Int64(run.seed))), ("count", .integer(Int64(jobs.count * count))),
      ("descriptions", .array(jobs.map { .string($0["description"]?.string ?? "") })),
      ("ids", .array((scheduled?.jobs ?? []).map { .integer(Int64(clamping: $0)) })),
    ]
    if let trouble = scheduled?.unreported { fields.append(("unreported", .string(trouble))) }
    return .record(fields)
  }
}
