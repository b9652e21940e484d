/// A kernel module as a guest has it loaded: a line of /proc/modules.
struct LoadedModule: Sendable, Equatable {
  let name: String
  /// How many use it, other modules included; nil when the kernel does not count, as it cannot unload modules.
  let references: Int?
  /// The modules that use it.
  let users: [String]

  /// Reads /proc/modules: name, size, references, users with commas or `-`, state, address.
  static func list(_ text: String) -> [String: LoadedModule] {
    var modules: [String: LoadedModule] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 5 else { continue }
      let users = fields[3].split(separator: ",").map(String.init).filter { $0 != "-" && !$0.hasPrefix("[") }
      modules[String(fields[0])] = LoadedModule(name: String(fields[0]), references: Int(fields[2]), users: users)
    }
    return modules
  }

  /// A module's name as the kernel writes it: `crypto-cbc.ko` is `crypto_cbc`.
  static func name(_ text: String) -> String { text.replacing("-", with: "_") }

  /// What is known of modules, by their names as the kernel writes them.
  static func byName<Value>(_ values: [String: Value]) -> [String: Value] {
    Dictionary(values.map { (name($0.key), $0.value) }, uniquingKeysWith: { $1 })
  }
}

/// What was unloaded and loaded again.
public struct ReloadedModules: Sendable, Equatable {
  /// In the order of unloading.
  public var unloaded: [String] = []
  /// In the order of loading.
  public var loaded: [String] = []
}

extension Machine {
  /// Unloads modules with all loaded ones that use them, and loads them again.
  /// - Parameters:
  ///   - names: the modules; one that is not loaded is only loaded.
  ///   - files: the modules' files in the guest, by name. A module without one is loaded by modprobe.
  ///   - parameters: words for the module's loading, by name.
  /// - Throws: before anything is unloaded `busy`, with what keeps each module in use, and `missing` when the kernel cannot unload
  ///   modules; `command` when one cannot be loaded.
  public func reloadModules(
    _ names: [String], files: [String: String] = [:], parameters: [String: [String]] = [:]
  ) async throws(HostError) -> ReloadedModules {
    try await host.step("reload \(names.joined(separator: ", ")) in the guest") { step async throws(HostError) in
      let names = names.map(LoadedModule.name)
      let files = LoadedModule.byName(files)
      let parameters = LoadedModule.byName(parameters)
      if channel == nil {
        for name in names {
          host.observer.observe(
            .planned(inGuest(ShellText.line(["sh", "-c", "modprobe -r \(name) && modprobe \(name)"]))))
        }
        return ReloadedModules(unloaded: names, loaded: names)
      }
      let loaded = LoadedModule.list(try await readInGuest("/proc/modules"))
      let order = Self.unloadingOrder(of: names, in: loaded)
      var result = ReloadedModules(unloaded: order)
      let kept = try Self.kept(order, in: loaded)
      if !kept.isEmpty { throw try await inUse(kept) }
      for name in order { try await require(["rmmod", name], to: "unload \(name)") }
      // What was not loaded comes after what was: it may use it.
      result.loaded = Array(order.reversed()) + names.filter { loaded[$0] == nil }
      for name in result.loaded {
        let words = files[name].map { ["insmod", $0] } ?? ["modprobe", name]
        try await require(words + (parameters[name] ?? []), to: "load \(name)")
      }
      step.detail(result.loaded.joined(separator: ", "))
      return result
    }
  }

  /// The loaded modules among `names` and all that use them, users first.
  static func unloadingOrder(of names: [String], in loaded: [String: LoadedModule]) -> [String] {
    var order: [String] = []
    func visit(_ name: String) {
      guard let module = loaded[name], !order.contains(name) else { return }
      for user in module.users { visit(user) }
      order.append(name)
    }
    for name in names { visit(name) }
    return order
  }

  /// Those that something else than modules uses.
  /// - Throws: `missing` when the kernel cannot unload them.
  static func kept(_ order: [String], in loaded: [String: LoadedModule]) throws(HostError) -> [LoadedModule] {
    var kept: [LoadedModule] = []
    for module in order.compactMap({ loaded[$0] }) {
      guard let references = module.references else {
        throw HostError(
          .missing, "the guest's kernel cannot unload modules, so \(module.name) stays as it is",
          hint: "configure it with CONFIG_MODULE_UNLOAD")
      }
      if references > module.users.count { kept.append(module) }
    }
    return kept
  }

  /// The error that says what keeps modules loaded.
  private func inUse(_ modules: [LoadedModule]) async throws(HostError) -> HostError {
    let mounts = try await readInGuest("/proc/mounts").split(separator: "\n").map { $0.split(separator: " ") }
    var lines: [String] = []
    var hint: String?
    for module in modules {
      let others = (module.references ?? 0) - module.users.count
      var reasons = ["\(others) use\(others == 1 ? "" : "s") by the kernel or programs"]
      if !module.users.isEmpty { reasons.append("used by \(module.users.joined(separator: ", "))") }
      // A file system is most often called as its module is.
      for mount in mounts where mount.count > 2 && (mount[2] == module.name || mount[2].hasPrefix(module.name + ".")) {
        reasons.append("\(mount[0]) is mounted at \(mount[1])")
        hint = hint ?? "umount \(mount[1]) in the guest first"
      }
      lines.append("\(module.name): " + reasons.joined(separator: "; "))
    }
    let names = modules.map(\.name).joined(separator: ", ")
    return HostError(
      .busy, "\(names) cannot be unloaded in the guest: in use", hint: hint, detail: lines.joined(separator: "\n"))
  }

  func readInGuest(_ path: String) async throws(HostError) -> String {
    let result = try await require(["cat", path], to: "read \(path)")
    return String(decoding: result.output, as: UTF8.self)
  }
}
