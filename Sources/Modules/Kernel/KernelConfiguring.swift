import Host
import LuaKit
import LuaRuntime

extension KernelModule {
  /// `configure`, `fragments`, `config` and `config_diff`.
  static func addConfiguring(to module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("configure") { lua in
      let options = try environment.options(lua, at: 1, "kdev.kernel.ConfigureOptions", for: "kdev.kernel.configure")
      let tree: TreeArgument = try options.required("tree")
      let output = try options.string("output")
      let base: ConfigSource? = try options.value("base")
      let modules: ConfigSource? = try options.value("localmodconfig")
      let names = try options.strings("fragments")
      let asked = try fragment(of: options)
      let isStrict = try options.bool("strict")
      let isAnew = try options.bool("anew")
      let make = try makeOptions(options)
      return LuaOperation {
        let tree = try KernelTree(path: tree.path, output: output)
        var request = ConfigureRequest(tree: tree)
        request.make = make
        request.isAnew = isAnew
        if let base { request.base = try await base.base(host) }
        if let modules { request.modules = try await modules.modules(host) }
        request.fragments = try names.map { name throws(HostError) in
          try environment.fragment(name, in: tree, make.sourceArchitecture)
        }
        if let asked { request.fragments.append(asked) }
        return try await host.configureKernel(request, isStrict: isStrict).record
      }
    }
    module.function("fragments") { lua in
      let tree: TreeArgument? = try lua.read(1)
      lua.push(environment.fragmentNames(in: tree?.path))
      return 1
    }
    module.function("config") { lua in
      let config = try KernelConfig(path: configPath(try lua.read(1)))
      lua.push(LuaValue.record(config.names.map { ($0, .option(config.value($0))) }))
      return 1
    }
    module.function("config_diff") { lua in
      let paths: (String, String) = (try lua.read(1), try lua.read(2))
      let one = try KernelConfig(path: configPath(paths.0))
      let other = try KernelConfig(path: configPath(paths.1))
      lua.push(
        LuaValue.array(
          KernelConfig.difference(one, other).map { difference in
            .record([
              ("name", .string(difference.name)), ("a", .option(difference.one)), ("b", .option(difference.other)),
            ])
          }))
      return 1
    }
  }

  /// A configuration, or the folder that it is in.
  private static func configPath(_ path: String) -> String { Files.isFolder(path) ? path + "/.config" : path }

  /// The options that are given by themselves.
  private static func fragment(of options: Options) throws -> ConfigureRequest.Fragment? {
    guard let value: LuaValue = try options.value("options"), let fields = value.fields, !fields.isEmpty else {
      return nil
    }
    var config = KernelConfig()
    for field in fields {
      guard var name = field.key.text else { continue }
      if name.hasPrefix("CONFIG_") { name = String(name.dropFirst("CONFIG_".count)) }
      switch field.value {
      case .bool(let isSet): config.set(name, to: isSet ? "y" : "n")
      case .integer(let number): config.set(name, to: String(number))
      default:
        let text = field.value.text ?? ""
        let isPlain = ["y", "m", "n"].contains(text) || text.hasPrefix("0x") || text.hasPrefix("\"")
        config.set(name, to: isPlain ? text : "\"\(text)\"")
      }
    }
    return ConfigureRequest.Fragment(name: "options", text: config.fragmentText)
  }
}

/// Where a configuration or a list of modules is taken from.
private enum ConfigSource: LuaReadable, Sendable {
  case name(String)
  case machine(Machine)
  case kernel(KernelImage)

  static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> ConfigSource {
    if let object = MachineObject.test(lua, at: index) { return .machine(object.machine) }
    if let object = KernelObject.test(lua, at: index) { return .kernel(object.kernel) }
    return .name(try String.read(lua, at: index))
  }

  func base(_ host: LocalHost) async throws -> ConfigureRequest.Base {
    switch self {
    case .machine(let machine): return .text(try await machine.kernelConfig(), from: "the guest \(machine.name)")
    case .kernel(let kernel): return try Self.base(of: kernel)
    case .name("distribution"): return try Self.base(of: try await host.kernel(nil, drivers: ["9pnet_virtio"]))
    case .name(let name):
      // `defconfig`, `tinyconfig`, `x86_64_defconfig`: a name of make's.
      if name.hasSuffix("config"), !name.contains("/"), !Files.exists(name) { return .target(name) }
      let path = Files.isFolder(name) ? name + "/.config" : name
      return .text(try Files.read(path), from: path)
    }
  }

  private static func base(of kernel: KernelImage) throws -> ConfigureRequest.Base {
    guard let config = kernel.config else {
      throw HostError(.missing, "the kernel \(kernel.release) has no configuration beside it: \(kernel.path)")
    }
    return .text(try Files.read(config), from: config)
  }

  func modules(_ host: LocalHost) async throws -> [UInt8] {
    switch self {
    case .machine(let machine): return try await machine.loadedModules()
    case .kernel: throw HostError(.invalid, "localmodconfig takes a machine, or a file with what lsmod prints")
    case .name(let path): return try Files.read(path)
    }
  }
}

extension Environment {
  /// The names by which a fragment can be had, sorted: ours, those of a team and a user, and a tree's own.
  fileprivate func fragmentNames(in tree: String?) -> [String] {
    var files = stdlib.names(below: "fragments/kernel").map { Files.name(of: $0) }
    for folder in host.teamFolders { files += (try? Files.list(folder + "/fragments/kernel")) ?? [] }
    if let tree {
      for folder in Self.fragmentFolders(of: tree, MakeOptions().sourceArchitecture) {
        files += (try? Files.list(folder)) ?? []
      }
    }
    return Set(files.filter { $0.hasSuffix(".config") }.map { String($0.dropLast(".config".count)) }).sorted()
  }

  /// Where the kernel has fragments of its own.
  private static func fragmentFolders(of tree: String, _ architecture: String) -> [String] {
    ["\(tree)/kernel/configs", "\(tree)/arch/\(architecture)/configs"]
  }

  /// A fragment by its path, or by the name that a team's folder, the stdlib or the kernel itself has it under.
  fileprivate func fragment(
    _ name: String, in tree: KernelTree, _ architecture: String
  ) throws(HostError) -> ConfigureRequest.Fragment {
    if name.contains("/") { return .init(name: name, text: try Files.read(name)) }
    let file = name.hasSuffix(".config") ? name : name + ".config"
    for folder in host.teamFolders {
      if let text = try? Files.read("\(folder)/fragments/kernel/\(file)") { return .init(name: file, text: text) }
    }
    if let text = stdlib.read("fragments/kernel/" + file) { return .init(name: file, text: text) }
    for folder in Self.fragmentFolders(of: tree.path, architecture) {
      if let text = try? Files.read("\(folder)/\(file)") { return .init(name: file, text: text) }
    }
    if let text = try? Files.read(name) { return .init(name: name, text: text) }
    let known = stdlib.names(below: "fragments/kernel").map { Files.name(of: $0).replacing(".config", with: "") }
    throw HostError(
      .missing, "there is no fragment \(name)",
      hint:
        "ours are \(known.joined(separator: ", ")); those of the kernel are in kernel/configs; a file needs a slash: ./\(file)"
    )
  }
}

extension LuaValue {
  /// A value of an option: texts without their quotes, numbers as numbers.
  fileprivate static func option(_ value: String) -> LuaValue {
    if value.hasPrefix("\""), value.count > 1 { return .string(String(value.dropFirst().dropLast())) }
    return Int64(value).map { .integer($0) } ?? .string(value)
  }
}

extension ConfiguredKernel {
  /// As scripts get it.
  fileprivate var record: LuaValue {
    .record([
      ("path", .string(tree.output + "/.config")), ("tree", .string(tree.path)), ("output", .string(tree.output)),
      ("changed", .bool(isChanged)), ("stuck", .array(stuck.map(\.record))),
    ])
  }
}

extension StuckOption {
  fileprivate var record: LuaValue {
    .record([
      ("name", .string(name)), ("wanted", .option(wanted)), ("got", .option(got)), ("fragment", .string(fragment)),
      ("reason", .string(reason.rawValue)), ("text", .string(text)),
      (
        "unmet",
        .array(unmet.map { .record([("condition", .string($0.condition)), ("value", .string($0.value))]) })
      ),
    ])
  }
}
