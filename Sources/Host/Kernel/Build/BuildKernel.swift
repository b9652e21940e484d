import Glibc

/// What is to be built of a kernel.
public struct BuildRequest: Sendable {
  public var tree: KernelTree
  public var make = MakeOptions()
  /// `make`'s targets; empty is its default, the kernel and all modules. A folder ends with a slash: `fs/ceph/`.
  public var targets: [String] = []
  /// Puts the modules where they are looked for, when all of them are built.
  public var installsModules = true

  public init(tree: KernelTree) { self.tree = tree }

  /// Whether it makes all modules, so that `modules.order` lists them.
  var makesAllModules: Bool { targets.isEmpty || targets.contains { $0 == "all" || $0 == "modules" } }
  /// Single modules, after which Kbuild's `modules.order` lists no others (the rule `single_modpost` of the Makefile).
  var makesSingleModules: Bool { targets.contains { $0.hasSuffix(".ko") } }
}

/// What a build left.
public struct BuiltKernel: Sendable, Equatable {
  public var tree: KernelTree
  /// The exit status of `make`.
  public var status: Int
  /// The image to boot; nil when none has been built there.
  public var image: String?
  public var vmlinux: String?
  /// Its `uname -r`; nil when the build did not come so far.
  public var release: String?
  /// The folder above `lib/modules/RELEASE`; nil when no modules are installed there.
  public var modulesRoot: String?
  public var diagnostics: [BuildDiagnostic]
  /// How many files were made; 0 when there was nothing to do.
  public var steps: Int
  public var seconds: Double
  /// The whole output of the build.
  public var log: String
  /// Debian packages that it made (`bindeb-pkg`).
  public var packages: [String]

  /// `lib/modules/RELEASE` with what is before it.
  public var modules: String? { modulesRoot.flatMap { root in release.map { root + "/lib/modules/" + $0 } } }
}

extension LocalHost {
  /// Builds a kernel with its own make and all its rules.
  /// - Parameter isChecked: whether a build that fails is an error.
  /// - Throws: `missing` for a program or a configuration that is not there, `busy` when another kdevlua builds there, `command`
  ///   with the first error of the build and what belongs to it; `cancelled` when everything that it started has ended.
  public func buildKernel(_ request: BuildRequest, isChecked: Bool = true) async throws(HostError) -> BuiltKernel {
    let lock = try lock(for: request)
    defer { withExtendedLifetime(lock) {} }
    return try await build(request, isChecked: isChecked)
  }

  /// Holds the output of a build that has all that it needs; nil in a dry run.
  func lock(for request: BuildRequest) throws(HostError) -> FileLock? {
    let tree = request.tree
    for program in request.make.programs { _ = try executables.require(program) }
    if isDryRun { return nil }
    guard Files.exists(tree.config) || request.targets.contains(where: { $0.hasSuffix("config") }) else {
      throw HostError(
        .missing, "\(tree.output) has no .config",
        hint: "kdev.kernel.configure { tree = ..., output = ... } makes one")
    }
    if tree.output != tree.path, Files.exists(tree.path + "/.config") {
      throw HostError(
        .conflict,
        "\(tree.path) has been configured or built in itself, and then cannot be built into another folder",
        hint: "make -C \(ShellText.quote(tree.path)) mrproper  (it removes that configuration, too)")
    }
    return try Self.lock(tree)
  }

  /// Builds while the output is held by ``lock(for:)``.
  func build(_ request: BuildRequest, isChecked: Bool) async throws(HostError) -> BuiltKernel {
    let tree = request.tree
    let version = try tree.version()
    let start = ContinuousClock.now
    let saved = request.makesSingleModules && !request.makesAllModules ? Self.saveModulesOrder(of: tree) : nil
    defer { saved?.restore() }
    let made = try await make(request, label: "build linux \(version)")
    var build = BuiltKernel(
      tree: tree, status: made.status, diagnostics: made.log.diagnostics, steps: made.log.steps, seconds: 0,
      log: tree.log, packages: made.log.packages.map { Files.resolve("\(tree.output)/\($0)") ?? $0 })
    if made.status == 0, !isDryRun { try request.make.keep(in: tree) }
    if made.status != 0, isChecked { throw Self.failure(of: made, tree) }
    if made.status == 0, request.makesAllModules, request.installsModules, !isDryRun, Self.hasNewModules(tree) {
      try await installModules(of: request, into: tree.notes, strips: true)
    }
    build.image = tree.image(request.make.sourceArchitecture)
    build.vmlinux = [tree.output + "/vmlinux"].first(where: Files.exists)
    build.release = tree.release
    if let release = build.release, Files.exists("\(tree.notes)/lib/modules/\(release)/modules.dep") {
      build.modulesRoot = tree.notes
    }
    build.seconds = start.duration(to: .now).seconds
    return build
  }

  /// Holds the output of a tree, so that nobody else configures or builds there.
  /// - Throws: `busy`.
  static func lock(_ tree: KernelTree) throws(HostError) -> FileLock {
    try Files.makeFolder(tree.notes)
    let path = tree.notes + "/.lock"
    guard let lock = try FileLock.attempt(path) else {
      throw HostError(
        .busy, "another kdevlua configures or builds in \(tree.output)",
        hint: "wait for it, or give another output folder")
    }
    return lock
  }

  typealias MadeKernel = (status: Int, log: BuildLog, command: [String])

  /// Runs make with its output read, shown as a bar, and kept.
  func make(_ request: BuildRequest, label: String) async throws(HostError) -> MadeKernel {
    let tree = request.tree
    let jobs = try await jobs(of: request.make)
    var command = Command.change(
      ["make", "-C", tree.path] + (tree.output == tree.path ? [] : ["O=\(tree.output)"]) + ["-j\(jobs)"]
        + ["--output-sync=line"] + request.make.arguments + request.targets)
    command.environment = request.make.environment
    if isDryRun {
      _ = try await run(command)
      return (0, BuildLog(tree), command.arguments)
    }
    let learned = LearnedSteps(tree, request.targets)
    let file = open(tree.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .system("could not write \(tree.log)", errno: errno) }
    defer { close(file) }
    let bar = progress(ProgressState(label: label, unit: "steps", total: learned.expected))
    let running = RunningBuild(tree, file: file, bar: bar)
    // Both outputs in one, so that the log has them in their order.
    command.output = .lines { lines in running.take(lines) }
    command.error = .standardOutput
    do throws(HostError) {
      let result = try await run(command)
      let log = running.read
      bar.change { $0.total = nil }
      bar.close(failed: !result.succeeded)
      if result.succeeded { learned.note(log.steps) }
      return (result.status, log, command.arguments)
    } catch {
      bar.close(failed: true)
      throw error
    }
  }

  /// The first error with what belongs to it: what comes after it often follows from it.
  private static func failure(of made: MadeKernel, _ tree: KernelTree) -> HostError {
    let errors = made.log.errors
    let rest = errors.count > 1 ? ", and \(errors.count - 1) more" : ""
    guard let first = errors.first else {
      return HostError(
        .command, "could not build the kernel: make ended with status \(made.status)",
        hint: "the whole output: \(tree.log)",
        command: made.command, status: made.status, detail: made.log.tail.suffix(15).joined(separator: "\n"))
    }
    return HostError(
      .command, "could not build the kernel: \(first.text)\(rest)", hint: "the whole output: \(tree.log)",
      command: made.command, status: made.status, detail: first.context.joined(separator: "\n"))
  }
}

/// How many steps builds of a tree took: what the bar of the next one ends at.
struct LearnedSteps {
  private let path: String
  /// nil when no such build has been seen.
  let expected: Double?

  /// A build from nothing and one that goes on are different lengths, and so are those of different targets.
  init(_ tree: KernelTree, _ targets: [String]) {
    let kind = Files.exists(tree.output + "/vmlinux.o") || Files.exists(tree.output + "/vmlinux") ? "more" : "all"
    let name = targets.isEmpty ? kind : kind + "-" + targets.joined(separator: "-").map { $0 == "/" ? "_" : $0 }
    path = "\(tree.notes)/steps-\(String(name.prefix(100)))"
    let text = try? Files.text(path)
    expected = text.flatMap { Double($0.filter(\.isNumber)) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// A number that is lost costs a bar.
  func note(_ steps: Int) {
    if steps > 0 { try? Files.write(Array("\(steps)\n".utf8), to: path) }
  }
}
