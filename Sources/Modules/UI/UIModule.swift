import Host
import LuaKit
import LuaRuntime

/// `kdev.ui`; its functions are documented in ui.d.lua.
enum UIModule: KdevModule {
  static let name = "ui"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.function("note") { lua in
      host.note(try lua.read(1))
      return 0
    }
    module.function("dry_run") { lua in
      lua.push(host.isDryRun)
      return 1
    }
    module.async("step") { lua in
      let label: String = try lua.read(1)
      let body = try lua.function(2)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation { LuaReturn.values(try await host.step(label) { _ in try await runtime.call(body) }) }
    }
  }
}
