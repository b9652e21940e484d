import Host
import LuaKit
import LuaRuntime

/// `kdev.ui`; its functions are documented in ui.d.lua.
enum UIModule: KdevModule {
  static let name = "ui"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.function("note") { L in
      host.note(try L.read(1))
      return 0
    }
    module.function("dry_run") { L in
      L.push(host.isDryRun)
      return 1
    }
    module.async("step") { L in
      let label: String = try L.read(1)
      let body = try L.function(2)
      let runtime = LuaRuntime.of(L)
      return LuaOperation { LuaReturn.values(try await host.watch(label) { try await runtime.call(body) }) }
    }
  }
}
