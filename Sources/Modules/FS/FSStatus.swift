import Host
import LuaKit
import LuaRuntime

/// The functions of `kdev.fs` that look at files and links and change what is known of them.
enum FSStatus {
  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.function("is_file") { lua in
      let path: String = try lua.read(1)
      lua.push((try? Files.status(of: path))?.kind == .file)
      return 1
    }
    module.function("stat") { lua in
      let path: String = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.fs.StatOptions", for: "kdev.fs.stat")
      let follows: Bool = try options.value("follow") ?? true
      lua.push(try Files.status(of: path, followsLinks: follows).value)
      return 1
    }
    module.function("chmod") { lua in
      let path: String = try lua.read(1)
      let value: LuaValue = try lua.read(2)
      guard let mode = value.mode else { throw lua.argumentError(2, LuaValue.modeExpected) }
      try host.change(saying: ["chmod", String(mode, radix: 8), path]) { () throws(HostError) in
        try Files.setMode(mode, of: path)
      }
      return 0
    }
    module.function("symlink") { lua in
      let (target, path): (String, String) = (try lua.read(1), try lua.read(2))
      try host.change(saying: ["ln", "-sT", "--", target, path]) { () throws(HostError) in
        try Files.link(to: target, at: path)
      }
      return 0
    }
    module.function("readlink") { lua in
      lua.push(try Files.target(ofLink: try lua.read(1)))
      return 1
    }
    module.function("walk") { lua in
      let folder: String = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.fs.WalkOptions", for: "kdev.fs.walk")
      let depth = try options.integer("depth", in: 1...Int.max) ?? .max
      var walk = try FileWalk(folder, depth: depth, hidden: try options.value("hidden") ?? true)
      lua.push(function: { lua in
        guard let (path, kind) = try walk.next() else { return 0 }
        lua.push(path)
        lua.push(kind.rawValue)
        return 2
      })
      return 1
    }
  }
}

extension LuaValue {
  /// Permissions: a number, or its octal digits as text; nil for anything else.
  var mode: Int? {
    guard let mode = text.map({ Int($0, radix: 8) }) ?? int, (0...0o7777).contains(mode) else { return nil }
    return mode
  }

  /// What to say where ``mode`` is nil.
  static let modeExpected = "a mode expected: octal digits such as \"755\", or a number from 0 to 4095"
}

extension FileStatus {
  fileprivate var value: LuaValue {
    .record([
      ("type", .string(kind.rawValue)), ("size", .integer(Int64(size))), ("mode", .integer(Int64(mode))),
      ("modified", .number(modified)), ("user", .integer(Int64(user))), ("group", .integer(Int64(group))),
      ("links", .integer(Int64(links))),
    ])
  }
}
