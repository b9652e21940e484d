public import Host
import LuaKit
import LuaRuntime

/// `kdev.kernel`; its functions are documented in kernel.d.lua.
enum KernelModule: KdevModule {
  static let name = "kernel"

  static func build(_ module: LuaModule, _ environment: Environment) throws {
    let host = environment.host
    addSources(to: module, environment)
    addConfiguring(to: module, environment)
    addBuilding(to: module, environment)
    addReload(to: module, environment)
    try addScript("install", "kdev.kernel.InstallOptions", to: module, environment)
    try addScript("loop", "kdev.kernel.LoopOptions", to: module, environment)
    try addScript("bisect", "kdev.kernel.BisectOptions", to: module, environment)
    module.async("find") { lua in
      let options = try environment.options(lua, at: 1, "kdev.kernel.FindOptions", for: "kdev.kernel.find")
      let path = try options.string("path")
      let drivers: [String] = try options.value("drivers") ?? ["9pnet_virtio"]
      return LuaOperation { KernelObject(try await host.kernel(path, drivers: drivers)) }
    }
    module.async("initramfs") { lua in
      let kernel: KernelObject = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.kernel.InitramfsOptions", for: "kdev.kernel.initramfs")
      let modules = try options.strings("modules")
      if let name = modules.first(where: { $0.isEmpty || $0.hasPrefix("-") }) {
        throw options.wrong("modules", "\"\(name)\" is no name of a module")
      }
      return LuaOperation {
        try await host.initramfs(
          for: kernel.kernel, scripts: try environment.stdlib.guestScripts(), modules: modules)
      }
    }
  }
}

extension Stdlib {
  /// The files of the default guest.
  public func guestScripts() throws -> GuestScripts {
    var files: [String: [UInt8]] = [:]
    for name in GuestScripts.names {
      guard let bytes = read("guest/" + name) else { throw HostError(.missing, "stdlib has no guest/\(name)") }
      files[name] = bytes
    }
    return GuestScripts(files: files, modules: String(decoding: read("guest/modules") ?? [], as: UTF8.self))
  }
}

/// `kdev.Kernel`.
final class KernelObject: LuaObject, Sendable {
  static let luaName = "kdev.Kernel"
  let kernel: KernelImage
  /// How it was built; nil for a kernel that was found.
  let build: BuiltKernel?

  init(_ kernel: KernelImage) {
    self.kernel = kernel
    build = nil
  }

  init(_ build: BuiltKernel) {
    kernel = KernelImage(build)
    self.build = build
  }

  static func define(_ type: LuaClass<KernelObject>) {
    type.property("path") { $0.kernel.path }
    type.property("release") { $0.kernel.release }
    type.property("modules") { $0.kernel.modules }
    defineBuild(type)
    type.tostring { "kdev.Kernel: \($0.kernel.release) (\($0.kernel.path))" }
  }
}
