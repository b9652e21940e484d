import Host
import LuaKit
import LuaRuntime

/// `kdev.glob`; its functions are documented in glob.d.lua.
enum GlobModule: KdevModule {
  static let name = "glob"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.function("list") { lua in
      lua.push(try Glob.list(try lua.read(1)))
      return 1
    }
    module.function("match") { lua in
      let (pattern, path): (String, String) = (try lua.read(1), try lua.read(2))
      lua.push(Glob.matches(pattern, path))
      return 1
    }
  }
}
