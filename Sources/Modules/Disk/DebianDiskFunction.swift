import Host
import LuaKit
import LuaRuntime

extension DiskModule {
  /// `debian`.
  static func addDebian(to module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("debian") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.DebianOptions", for: "kdev.disk.debian")
      var wanted = DebianDisk(
        files: environment.stdlib.files(below: "guest/debian"), guest: try environment.stdlib.guestScripts().files)
      if let release = try options.string("release") { wanted.release = release }
      wanted.mirror = try options.string("mirror")
      wanted.packages = try options.strings("packages")
      if let size = try options.size("size") { wanted.size = size }
      // Each goes into an argument of its own, or into a list with commas.
      for (field, words) in [
        ("release", [wanted.release]), ("mirror", wanted.mirror.map { [$0] } ?? []), ("packages", wanted.packages),
      ] {
        if let word = words.first(where: { $0.isEmpty || $0.hasPrefix("-") || $0.contains { $0 == "," || $0.isNewline } })
        {
          throw options.wrong(field, "\"\(word)\" is no name of one")
        }
      }
      guard wanted.size.bytes >= 2 << 30 else {
        throw options.wrong("size", "2G at least expected, got \(wanted.size.text)")
      }
      return LuaOperation { [wanted] in DiskObject(try await host.debianDisk(wanted), environment) }
    }
  }
}

extension Stdlib {
  /// The files of a folder of stdlib/, by their names in it.
  func files(below folder: String) -> [String: [UInt8]] {
    names(below: folder).reduce(into: [:]) { $0[String($1.dropFirst(folder.count + 1))] = read($1) }
  }
}
