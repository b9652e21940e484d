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
        let isOdd = { (word: String) in word.isEmpty || word.hasPrefix("-") || word.contains { ",\n".contains($0) } }
        if let word = words.first(where: isOdd) { throw options.wrong(field, "\"\(word)\" is no name of one") }
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
