import Host
import LuaKit
import LuaRuntime

/// `kdev.path`; its functions are documented in path.d.lua.
enum PathModule: KdevModule {
  static let name = "path"

  static func build(_ module: LuaModule, _ environment: Environment) {
    text("dirname", module, PathText.folder)
    text("stem", module) { PathText.stemAndExtension($0).stem }
    text("extension", module) { PathText.stemAndExtension($0).extension }
    text("normalize", module, PathText.normalize)
    module.function("join") { lua in
      var parts: [String] = []
      for index in stride(from: 1, through: lua.top, by: 1) { parts.append(try lua.read(index)) }
      lua.push(PathText.join(parts))
      return 1
    }
    module.function("basename") { lua in
      let name = PathText.name(try lua.read(1))
      let suffix: String = try lua.read(2, as: String?.self) ?? ""
      // As basename(1): a name that is nothing but the suffix stays.
      lua.push(name != suffix && name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name)
      return 1
    }
    module.function("is_absolute") { lua in
      lua.push((try lua.read(1) as String).hasPrefix("/"))
      return 1
    }
    module.function("with_extension") { lua in
      let (path, suffix): (String, String) = (try lua.read(1), try lua.read(2))
      guard suffix.isEmpty || suffix.hasPrefix("."), !suffix.contains("/") else {
        throw lua.argumentError(2, "an extension with its point expected, such as \".o\"")
      }
      lua.push(PathText.withExtension(path, suffix))
      return 1
    }
    module.function("expand") { lua in
      let path: String = try lua.read(1)
      guard path == "~" || path.hasPrefix("~/") else {
        lua.push(path)
        return 1
      }
      lua.push(Identity.home(environment: environment.host.options.environment).map { $0 + path.dropFirst() } ?? path)
      return 1
    }
    module.function("split") { lua in
      lua.push(PathText.parts(try lua.read(1)))
      return 1
    }
    module.function("absolute") { lua in
      lua.push(absolute(try lua.read(1), try lua.read(2)))
      return 1
    }
    module.function("relative") { lua in
      lua.push(
        PathText.relative(absolute(try lua.read(1), nil), to: absolute(try lua.read(2, as: String?.self) ?? ".", nil)))
      return 1
    }
  }

  private static func text(_ name: String, _ module: LuaModule, _ change: @escaping (String) -> String) {
    module.function(name) { lua in
      lua.push(change(try lua.read(1)))
      return 1
    }
  }

  /// From a folder, which is seen from the working folder.
  private static func absolute(_ path: String, _ base: String?) -> String {
    PathText.normalize(PathText.join([Files.absolute("."), base ?? "", path]))
  }
}
