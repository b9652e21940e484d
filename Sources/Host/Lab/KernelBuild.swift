/// What Shaman knows of a kernel.
public struct KernelBuild: Sendable, Equatable {
  public enum State: String, Sendable {
    /// Packages can be installed.
    case ready
    /// Somebody works at it.
    case building
    /// It was tried, and did not work.
    case failed
  }

  public var state: State
  public var branch: String
  public var commit: String
  /// "centos/9".
  public var distro: String
  /// Where the packages are, or else the page of the build.
  public var url: String?
  /// The output of a build that is not ready.
  public var log: String?
  /// The version of the packages.
  public var version: String?
}

/// How a script waits for a build.
public struct BuildPatience: Sendable {
  /// For how long.
  public var timeLimit: Duration
  /// Until Shaman is asked for the second time; then it doubles up to ten times that.
  public var interval: Duration

  public init(timeLimit: Duration = .seconds(3 * 3600), interval: Duration = .seconds(30)) {
    self.timeLimit = timeLimit
    self.interval = interval
  }

  /// The waits from one question to the next.
  struct Waits {
    private var next: Duration
    private let longest: Duration

    init(_ patience: BuildPatience) {
      next = patience.interval
      longest = patience.interval * 10
    }

    mutating func take() -> Duration {
      defer { next = min(next * 2, longest) }
      return next
    }
  }
}

extension LocalHost {
  /// How far the kernel of a branch is.
  /// - Parameters:
  ///   - branch: as it was pushed to ceph-client.
  ///   - commit: nil is whatever was built of the branch, perhaps of an older commit.
  ///   - distro: "centos/9/x86_64".
  /// - Returns: nil when Shaman has not heard of it yet.
  public func kernelBuild(
    of branch: BranchName, commit: String? = nil, distro: String, at shaman: Shaman,
    patience: HTTPPatience = HTTPPatience()
  ) async throws(HostError) -> KernelBuild? {
    let wish = Shaman.Wish(project: "kernel", ref: branch.text, commit: commit, distro: distro)
    if let found = try await search(shaman, wish, patience: patience).first {
      return KernelBuild(
        state: .ready, branch: branch.text, commit: found.commit, distro: found.distro, url: found.url,
        version: found.version)
    }
    let parts = distro.split(separator: "/").map(String.init)
    let place = parts.dropLast().joined(separator: "/")
    let builds = try await builds(
      shaman, project: "kernel", ref: branch.text, commit: commit, patience: patience
    ).filter { build in
      build.flavor == "default" && (build.distro == nil || build.distro == place)
        && (build.architecture == nil || build.architecture == parts.last)
    }
    // Of several tries the last counts; Shaman has the last changed first.
    guard let build = builds.first(where: { !$0.isFailed }) ?? builds.first else { return nil }
    return KernelBuild(
      state: build.isFailed ? .failed : .building, branch: branch.text, commit: build.commit, distro: place,
      url: build.url, log: build.log)
  }

  /// Waits until the kernel of a branch can be installed. A server that answered once may be out of reach for a while.
  /// - Throws: `command` when the build failed, with its log; `timeout`, with the state that it was in.
  public func waitForKernelBuild(
    of branch: BranchName, commit: String? = nil, distro: String, at shaman: Shaman, patience: BuildPatience
  ) async throws(HostError) -> KernelBuild {
    let end = ContinuousClock.now + patience.timeLimit
    return try await step("kernel build of \(branch)") { (step) async throws(HostError) in
      var waits = BuildPatience.Waits(patience)
      var build = try await kernelBuild(of: branch, commit: commit, distro: distro, at: shaman)
      var outage: HostError?
      while true {
        switch build?.state {
        case .ready?:
          if let build {
            step.detail(build.version ?? String(build.commit.prefix(12)))
            return build
          }
        case .failed?:
          let place = build?.log ?? build?.url
          throw HostError(
            .command, "the build of the kernel branch \(branch) failed for \(distro)",
            hint: place.map { "its output: \($0)" })
        case _ where outage != nil: step.progress(outage?.message ?? "")
        case .building?: step.progress("building\(build?.url.map { ": \($0)" } ?? "")")
        case nil: step.progress("not built yet")
        }
        let left = end - ContinuousClock.now
        guard left > .zero else {
          throw HostError(
            .timeout,
            "the kernel branch \(branch) is \(build == nil ? "not built yet" : "still building"), after "
              + patience.timeLimit.text + (outage == nil ? "" : "; Shaman gives no answer"),
            hint: outage?.message ?? build?.url.map { "the build: \($0)" } ?? "was the branch pushed to ceph-client?")
        }
        try await pause(min(waits.take(), left))
        do throws(HostError) {
          build = try await kernelBuild(of: branch, commit: commit, distro: distro, at: shaman, patience: .oneTry)
          outage = nil
        } catch {
          guard error.isOutage else { throw error }
          if outage == nil { note("\(error.message); it is asked again") }
          outage = error
        }
      }
    }
  }
}
