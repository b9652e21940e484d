import Glibc
import TerminalText

/// What a kernel's configuration is made of.
public struct ConfigureRequest: Sendable {
  /// What it begins with.
  public enum Base: Sendable {
    /// What is there already; without it, `defconfig`.
    case current
    /// A target of make: `defconfig`, `tinyconfig`.
    case target(String)
    /// The text of a `.config`, with words for where it is from.
    case text([UInt8], from: String)
  }
  /// Options that are asked for, with the file that they are in.
  public struct Fragment: Sendable {
    public var name: String
    public var text: [UInt8]
    public init(name: String, text: [UInt8]) {
      self.name = name
      self.text = text
    }
  }

  public var tree: KernelTree
  public var make = MakeOptions()
  public var base = Base.current
  /// The loaded modules, one a line as in /proc/modules: all others are left out (`localmodconfig`).
  public var modules: [UInt8]?
  public var fragments: [Fragment] = []
  /// Makes it again also when nothing that it depends on has changed.
  public var isAnew = false

  public init(tree: KernelTree) { self.tree = tree }
}

/// What came of it.
public struct ConfiguredKernel: Sendable {
  public var tree: KernelTree
  public var config: KernelConfig
  /// Options that were asked for and are otherwise.
  public var stuck: [StuckOption]
  /// Whether the file was written.
  public var isChanged: Bool
}

extension LocalHost {
  /// Makes the configuration of a kernel as in the document: a base, `localmodconfig`, `olddefconfig`, and fragments merged by
  /// the tree's own `scripts/kconfig/merge_config.sh`. Then each option of the fragments is looked up in what came of it.
  /// - Parameter isStrict: an option that did not stick is an error, and the configuration stays what it was.
  /// - Throws: `command` with Kconfig's own words; `conflict` when strict; `busy` when another kdevlua configures or builds there.
  public func configureKernel(_ request: ConfigureRequest, isStrict: Bool) async throws(HostError) -> ConfiguredKernel {
    let tree = request.tree
    let version = try tree.version()
    for program in request.make.programs + ["flex", "bison"] { _ = try executables.require(program) }
    let lock = isDryRun ? nil : try Self.lock(tree)
    defer { withExtendedLifetime(lock) {} }
    let inputs = isDryRun ? [] : try await inputs(of: request, version)
    let before = try? Files.read(tree.config)
    let isKept = before != nil && !request.isAnew && Self.isKept(tree, inputs, result: before)
    do throws(HostError) {
      try await step("configure linux \(version)") { step async throws(HostError) in
        if isKept { return step.adopted("nothing to change") }
        try await makeBase(request)
        try await mergeFragments(of: request)
      }
      if isDryRun { return ConfiguredKernel(tree: tree, config: KernelConfig(), stuck: [], isChanged: true) }
      let config = try KernelConfig(path: tree.config)
      let stuck = try Self.stuck(request, config, version)
      show(stuck)
      if isStrict, !stuck.isEmpty {
        throw HostError(
          .conflict, "\(stuck.count) of the options that were asked for did not stick",
          hint: "ask for what they depend on, too, or leave them out; the configuration is as it was before",
          detail: Self.table(of: stuck).joined(separator: "\n"))
      }
      let after = try Files.read(tree.config)
      if !isKept { try Self.keep(tree, inputs, result: after, request.make.sourceArchitecture) }
      return ConfiguredKernel(tree: tree, config: config, stuck: stuck, isChanged: before != after)
    } catch {
      if !isDryRun {
        if let before { try? Files.write(before, to: tree.config) } else { try? Files.remove(tree.config) }
      }
      throw error
    }
  }

  // MARK: - The base

  private func makeBase(_ request: ConfigureRequest) async throws(HostError) {
    let tree = request.tree
    switch request.base {
    case .target(let name): try await makeConfig(request, name)
    case .current: if !Files.exists(tree.config) { try await makeConfig(request, "defconfig") }
    case .text(let text, let origin):
      if !plans("cp \(ShellText.quote(origin)) \(ShellText.quote(tree.config))") {
        try Files.write(text, to: tree.config)
      }
    }
    if let modules = request.modules {
      let list = tree.notes + "/lsmod"
      if !isDryRun { try Files.write(modules, to: list) }
      try await makeConfig(request, "localmodconfig", ["LSMOD=\(list)"])
    }
    // A target makes a whole configuration, and so does merge_config.sh, with the base and the fragments together.
    if case .target = request.base, request.modules == nil { return }
    guard request.fragments.isEmpty else { return }
    try await makeConfig(request, "olddefconfig")
  }

  private func makeConfig(_ request: ConfigureRequest, _ target: String, _ variables: [String] = [])
    async throws(HostError)
  {
    let tree = request.tree
    let command = Command.change(
      ["make", "-C", tree.path] + (tree.output == tree.path ? [] : ["O=\(tree.output)"]) + request.make.arguments
        + variables + [target])
    try await require(command, to: "make the configuration (\(target))")
  }

  // MARK: - Fragments

  private func mergeFragments(of request: ConfigureRequest) async throws(HostError) {
    guard !request.fragments.isEmpty else { return }
    let tree = request.tree
    let folder = tree.notes + "/fragments"
    let paths = request.fragments.enumerated().map { offset, fragment in
      "\(folder)/\(offset + 1)-\(Files.name(of: fragment.name))"
    }
    if !isDryRun {
      try Files.removeTree(folder)
      try Files.makeFolder(folder)
      for (path, fragment) in zip(paths, request.fragments) { try Files.write(fragment.text, to: path) }
    }
    // It leaves temporary files where it runs, and calls make there: in the output that is the Makefile of the source, too.
    var command = Command.change(
      [tree.path + "/scripts/kconfig/merge_config.sh"] + (tree.output == tree.path ? [] : ["-O", tree.output])
        + [".config"] + paths)
    command.workingDirectory = tree.output
    command.environment = request.make.configEnvironment
    try await require(command, to: "merge the fragments")
  }

  // MARK: - What stuck

  private static func stuck(
    _ request: ConfigureRequest, _ config: KernelConfig, _ version: String
  ) throws(HostError) -> [StuckOption] {
    let fragments = request.fragments.map { ($0.name, KernelConfig($0.text)) }
    var asked: [(name: String, wanted: String, fragment: String, later: (value: String, fragment: String)?)] = []
    var place: [String: Int] = [:]
    for (fragment, options) in fragments {
      for name in options.names {
        let value = options.value(name)
        if let earlier = place[name], asked[earlier].wanted != value { asked[earlier].later = (value, fragment) }
        if let earlier = place[name], asked[earlier].wanted == value { continue }
        place[name] = asked.count
        asked.append((name, value, fragment, nil))
      }
    }
    let wrong = asked.filter { $0.wanted != config.value($0.name) }
    guard !wrong.isEmpty else { return [] }
    let architecture = request.make.sourceArchitecture
    let tree = request.tree.path
    let reader = StuckOptions(
      kconfig: try KconfigReader.read(tree, architecture: architecture), config: config,
      kernel: "Linux \(version) for \(architecture)", elsewhere: { Self.architectures(with: $0, in: tree) })
    return wrong.map { item in
      let got = config.value(item.name)
      if let later = item.later {
        return StuckOption(
          name: item.name, wanted: item.wanted, got: got, fragment: item.fragment, reason: .overridden,
          text: "\(later.fragment) asks for \(later.value)")
      }
      return reader.explain(item.name, wanted: item.wanted, got: got, fragment: item.fragment)
    }
  }

  /// The architectures whose own Kconfig defines an option.
  private static func architectures(with name: String, in tree: String) -> [String] {
    let line = Array("\nconfig \(name)\n".utf8)
    return ((try? Files.list(tree + "/arch")) ?? []).filter { architecture in
      ["Kconfig", "Kconfig.debug"].contains { file in
        (try? Files.read("\(tree)/arch/\(architecture)/\(file)"))?.firstRange(of: line) != nil
      }
    }
  }

  private func show(_ stuck: [StuckOption]) {
    guard !stuck.isEmpty else { return }
    note("\(stuck.count) of the options that were asked for did not stick:")
    for line in Self.table(of: stuck) { note(line) }
  }

  private static func table(of stuck: [StuckOption]) -> [String] {
    let rows = stuck.map { [$0.name, "wanted \($0.wanted)", "is \($0.got)", $0.text] }
    return TextTable(rows: rows, alignments: [.left, .left, .left, .left]).lines(within: nil)
  }
}

extension MakeOptions {
  /// The same as its arguments, for a script that calls make itself.
  var configEnvironment: [String: String?] {
    var variables: [String: String?] = [:]
    if let architecture { variables["ARCH"] = architecture }
    if let crossCompile { variables["CROSS_COMPILE"] = crossCompile }
    if llvm { variables["LLVM"] = "1" }
    if llvm { variables["LLVM_IAS"] = "1" }
    // A variable of the environment does not replace one of the Makefile, one in MAKEFLAGS does (make(1)).
    if let compilerText {
      variables["MAKEFLAGS"] = "-- CC=" + compilerText.map { $0 == " " ? "\\ " : String($0) }.joined()
    }
    return variables
  }
}
