import Host
import LuaKit
import LuaRuntime

/// `kdev.env`; its functions are documented in env.d.lua.
enum EnvModule: KdevModule {
  static let name = "env"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.function("get") { lua in
      let name: String = try lua.read(1)
      if let value = environment.variables[name] {
        lua.push(value)
      } else {
        lua.push(try lua.read(2, as: String?.self))
      }
      return 1
    }
    module.function("set") { lua in
      let name: String = try lua.read(1)
      guard !name.isEmpty, !name.contains("="), !name.contains("\0") else {
        throw lua.argumentError(1, "the name of a variable expected, got \"\(name)\"")
      }
      let value: String? = try lua.read(2)
      guard value?.contains("\0") != true else { throw lua.argumentError(2, "a value without a zero byte expected") }
      environment.setVariable(name, to: value)
      return 0
    }
    module.function("all") { lua in
      lua.push(environment.variables)
      return 1
    }
    module.function("home") { lua in
      guard let home = Identity.home(environment: environment.variables) else {
        throw HostError(.missing, "there is no home folder: HOME is not set, and the user database has none")
      }
      lua.push(home)
      return 1
    }
    module.function("user") { lua in
      guard let user = Identity.user else { throw HostError(.missing, "the user database does not have this user") }
      lua.push(user)
      return 1
    }
    module.function("hostname") { lua in
      lua.push(try Identity.hostName())
      return 1
    }
  }
}
