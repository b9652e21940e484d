import Host
import LuaKit
import LuaRuntime

extension KernelModule {
  /// `build`, `install_modules` and `version`.
  static func addBuilding(to module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("build") { lua in
      let options = try environment.options(lua, at: 1, "kdev.kernel.BuildOptions", for: "kdev.kernel.build")
      let tree: TreeArgument = try options.required("tree")
      let output = try options.string("output")
      var make = try makeOptions(options)
      make.distribution = try options.string("distribute").flatMap(MakeOptions.Distribution.init)
      make.variables = try options.texts("variables").map { name, value in
        "\(name)=\(String(decoding: value, as: UTF8.self))"
      }
      let targets = try options.strings("targets")
      if let target = targets.first(where: { $0.isEmpty || $0.hasPrefix("-") }) {
        throw options.wrong("targets", "\"\(target)\" is no target of make")
      }
      let installsModules = try options.value("install_modules") ?? true
      let isChecked = try options.value("check") ?? true
      return LuaOperation { [make] in
        var request = BuildRequest(tree: try KernelTree(path: tree.path, output: output))
        request.make = make
        request.targets = targets
        request.installsModules = installsModules
        return KernelObject(try await host.buildKernel(request, isChecked: isChecked))
      }
    }
    module.async("install_modules") { lua in
      let options = try environment.options(
        lua, at: 1, "kdev.kernel.InstallModulesOptions", for: "kdev.kernel.install_modules")
      let tree: TreeArgument = try options.required("tree")
      let output = try options.string("output")
      let make = try makeOptions(options)
      let path = Files.absolute(try options.required("path"))
      let strips = try options.value("strip") ?? true
      return LuaOperation {
        try await host.installModules(
          of: try KernelTree(path: tree.path, output: output), make, into: path, strips: strips)
      }
    }
    module.function("version") { lua in
      let tree: TreeArgument = try lua.read(1)
      lua.push(try KernelTree(path: tree.path).version())
      return 1
    }
  }

  /// The fields that say how a kernel is made.
  static func makeOptions(_ options: Options) throws -> MakeOptions {
    var make = MakeOptions()
    make.jobs = try options.integer("jobs", in: 1...4096)
    make.architecture = try options.string("arch")
    make.crossCompile = try options.string("cross_compile")
    make.compiler = try options.string("cc")
    make.llvm = try options.bool("llvm")
    if try options.bool("ccache") { make.ccache = true }
    return make
  }
}

extension KernelObject {
  /// What is known of a kernel that was built.
  static func defineBuild(_ type: LuaClass<KernelObject>) {
    type.property("image") { $0.build?.image }
    type.property("vmlinux") { $0.build?.vmlinux }
    type.property("output") { $0.build?.tree.output }
    type.property("source") { $0.build?.tree.path }
    type.property("status") { $0.build?.status }
    type.property("diagnostics") { $0.build.map { $0.diagnostics.map(\.record) } }
    type.property("steps") { $0.build?.steps }
    type.property("seconds") { $0.build?.seconds }
    type.property("log") { $0.build?.log }
    type.property("packages") { $0.build?.packages }
  }
}

extension BuildDiagnostic {
  /// As scripts get it.
  fileprivate var record: LuaValue {
    func number(_ value: Int?) -> LuaValue { value.map { .integer(Int64($0)) } ?? .nil }
    return .record([
      ("severity", .string(severity.rawValue)), ("file", file.map { .string($0) } ?? .nil), ("line", number(line)),
      ("column", number(column)), ("message", .string(message)), ("option", option.map { .string($0) } ?? .nil),
      ("context", .array(context.map { .string($0) })),
    ])
  }
}
