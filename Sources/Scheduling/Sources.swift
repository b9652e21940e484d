public import Host
import Suite

/// Which kernel, which Ceph, which tests, which teuthology.
extension SuiteScheduler {
  /// Asks Shaman for the kernel's commit.
  func findKernel(_ options: ScheduleOptions, _ run: inout SuiteRun) async throws(HostError) {
    if let distro = options.distro { run.osType = distro.lowercased() }
    if let version = options.distroVersion {
      let plain: String
      if let type = options.distro { plain = try Distribution.version(version, of: type) } else { plain = version }
      run.osVersion = plain.lowercased()
    }
    guard options.kernel != "distro", options.kernel.lowercased() != "none" else { return }
    let branch = try BranchName(options.kernel)
    if let commit = options.kernelCommit {
      run.kernelCommit = commit
      return
    }
    // As teuthology: with no -d it is centos, whatever the version that was said.
    let wish = Shaman.Wish(
      project: "kernel", ref: branch.text,
      distro: try Distribution.shamanName(osType: options.distro, osVersion: run.osVersion))
    guard let found = try await host.search(lab.shaman, wish).first else {
      throw HostError(
        .missing, "there is no build of the kernel branch \(branch) for \(wish.distro) yet",
        hint: "to wait for it: kdevlua suite kernel \(branch) --wait")
    }
    run.kernelCommit = found.commit
  }

  /// Finds the commits, and the folder with the tests.
  /// - Returns: the folder that has `qa`.
  func findSources(_ options: ScheduleOptions, _ run: inout SuiteRun) async throws(HostError) -> String {
    let environment = host.options.environment
    var git = RemoteBranches(host: host)
    run.ceph.repository = Self.address(
      options.cephRepository ?? environment["TEUTH_CEPH_REPO"], beside: lab.cephRepository)
    run.ceph.branch = options.cephBranch
    let ceph = try BranchName(options.cephBranch)
    if let commit = options.cephCommit {
      run.ceph.commit = commit
    } else {
      run.ceph.commit = try await git.required(ceph, in: run.ceph.repository, hint: "--ceph names a branch of Ceph")
    }
    run.tests.repository = Self.address(
      options.suiteRepository ?? environment["TEUTH_SUITE_REPO"], beside: lab.suiteRepository)
    var tests = ceph
    if let name = options.suiteBranch ?? environment["TEUTH_SUITE_BRANCH"] {
      tests = try BranchName(name)
    } else if try await git.commit(of: ceph, in: run.tests.repository) == nil {
      tests = try BranchName("main")
    }
    run.tests.branch = tests.text
    if let commit = options.suiteCommit {
      run.tests.commit = commit
    } else {
      run.tests.commit = try await git.required(
        tests, in: run.tests.repository, hint: "--suite-branch names a branch of the tests")
    }
    let folder: String
    if let own = options.suiteFolder {
      folder = Files.absolute(own)
    } else {
      folder = try await host.checkout(
        run.tests.commit ?? "", of: run.tests.repository, branch: tests, subfolder: options.testsFolder)
    }
    let teuthology = try teuthologyBranch(options, folder: folder)
    run.teuthology = SuiteRun.Source(repository: lab.teuthologyRepository, branch: teuthology.text)
    run.teuthology.commit = try await git.required(
      teuthology, in: lab.teuthologyRepository, hint: "--teuthology-branch names a branch of teuthology")
    return folder
  }

  private func teuthologyBranch(_ options: ScheduleOptions, folder: String) throws(HostError) -> BranchName {
    var name = options.teuthologyBranch ?? host.options.environment["TEUTH_BRANCH"]
    let file = folder + "/qa/.teuthology_branch"
    if name?.isEmpty != false, Files.exists(file) {
      name = try Files.text(file).split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
    if name?.isEmpty != false { name = lab.teuthologyBranch }
    return try BranchName(name ?? "main")
  }

  /// A repository by its address, or by a short name beside another: "ceph" or "me/ceph".
  static func address(_ name: String?, beside known: String) -> String {
    guard let name, !name.isEmpty else { return known }
    var parts = name.split(separator: "/", omittingEmptySubsequences: false)
    if parts.last == "" { parts.removeLast() }
    guard parts.count <= 2, !name.contains(":") else { return name }
    var base = known.split(separator: "/", omittingEmptySubsequences: false)
    if base.last == "" { base.removeLast() }
    return (base.dropLast(parts.count) + parts).joined(separator: "/") + ".git"
  }

  /// Whether all packages that the jobs install are built.
  func checkPackages(of planned: PlannedRun) async throws(HostError) {
    var wanted: Set<Shaman.Wish> = []
    for job in planned.jobs where job["verify_ceph_hash"]?.isTruthy ?? lab.verifiesPackages {
      let type = job["os_type"].flatMap { $0.isTruthy ? $0.string : nil } ?? planned.run.osType
      let version = job["os_version"].flatMap { $0.isTruthy ? $0.string ?? $0.json() : nil } ?? planned.run.osVersion
      let distro = try Distribution.shamanName(osType: type, osVersion: version)
      wanted.insert(
        Shaman.Wish(
          project: "ceph", commit: planned.run.ceph.commit, flavor: job["flavor"]?.string ?? "default", distro: distro))
    }
    for wish in wanted.sorted(by: { ($0.distro, $0.flavor) < ($1.distro, $1.flavor) }) {
      guard try await isMissing(wish), !lab.allowsMissingPackages else { continue }
      throw HostError(
        .missing, "packages of Ceph \(wish.commit ?? "") are not built for \(wish.distro), flavor \(wish.flavor)",
        hint: "--distro leaves out jobs of other distributions; suite_verify_ceph_hash: false goes without packages")
    }
  }

  private func isMissing(_ wish: Shaman.Wish) async throws(HostError) -> Bool {
    guard let found = try await host.search(lab.shaman, wish).first else { return true }
    guard found.distro == "centos/9", wish.flavor == "default" else { return false }
    // The containers come after the packages, with this build alone.
    let builds = try await host.builds(lab.shaman, project: "ceph", ref: found.ref, commit: found.commit)
    return !builds.contains { build in
      build.distro == found.distro && build.flavor == found.flavor && build.architecture == "x86_64"
        && build.status == "completed"
    }
  }
}

/// Branches elsewhere, each asked for once.
private struct RemoteBranches {
  let host: LocalHost
  private var known: [String: String?] = [:]

  init(host: LocalHost) { self.host = host }

  mutating func commit(of branch: BranchName, in repository: String) async throws(HostError) -> String? {
    let key = repository + "\n" + branch.text
    if let known = known[key] { return known }
    let commit = try await host.remoteCommit(of: branch, in: repository)
    known[key] = .some(commit)
    return commit
  }

  mutating func required(_ branch: BranchName, in repository: String, hint: String) async throws(HostError) -> String {
    guard let commit = try await commit(of: branch, in: repository) else {
      throw HostError(.missing, "there is no branch \(branch) in \(repository)", hint: hint)
    }
    return commit
  }
}

extension SuiteScheduler {
  /// The name that Shaman has for a distribution, as "centos/9/x86_64".
  /// - Throws: `invalid` for a distribution or a version that is unknown.
  public static func packageDistro(
    osType: String?, osVersion: String?, architecture: String
  ) throws(HostError) -> String {
    try Distribution.shamanName(osType: osType, osVersion: osVersion, architecture: architecture)
  }
}
