import Host
import LuaKit
import LuaRuntime

/// `kdev.disk`; its functions are documented in disk.d.lua.
enum DiskModule: KdevModule {
  static let name = "disk"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("create") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.CreateOptions", for: "kdev.disk.create")
      let path = host.diskPath(try options.required("path"))
      guard let size = try options.size("size") else { throw options.wrong("size", "a size expected") }
      let format = Disk.Format(rawValue: try options.string("format") ?? "qcow2") ?? .qcow2
      let transaction = lua.transaction(of: host)
      return LuaOperation { DiskObject(try await host.makeDisk(path, size: size, format: format, in: transaction)) }
    }
    module.async("overlay") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.OverlayOptions", for: "kdev.disk.overlay")
      let path = host.diskPath(try options.required("path"))
      let backing: DiskObject = try options.required("backing")
      let transaction = lua.transaction(of: host)
      return LuaOperation { DiskObject(try await host.makeOverlay(path, backing: backing.disk, in: transaction)) }
    }
    module.async("info") { lua in
      let path = host.diskPath(try lua.read(1))
      return LuaOperation { DiskObject(try await host.disk(at: path)) }
    }
  }
}

extension LocalHost {
  /// A path without a slash is a disk of ours, in the state folder.
  fileprivate func diskPath(_ path: String) -> String { path.contains("/") ? path : state.disks + "/" + path }
}

/// `kdev.Disk`.
final class DiskObject: LuaObject, Sendable {
  static let luaName = "kdev.Disk"
  let disk: Disk

  init(_ disk: Disk) { self.disk = disk }

  static func define(_ type: LuaClass<DiskObject>) {
    type.property("path") { $0.disk.path }
    type.property("format") { $0.disk.format.rawValue }
    type.property("size") { $0.disk.size.bytes }
    type.property("backing") { $0.disk.backing }
    type.tostring { "kdev.Disk: \($0.disk.path) (\($0.disk.text))" }
  }
}
