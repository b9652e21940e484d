import Host
import LuaKit
import LuaRuntime

/// `kdev.proc`; its functions are documented in proc.d.lua.
enum ProcModule: KdevModule {
  static let name = "proc"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("run") { lua in
      let options = try CommandOptions(
        environment.options(lua, at: 1, "kdev.proc.RunOptions", for: "kdev.proc.run"))
      return LuaOperation {
        try await options.result { () async throws(HostError) in
          try await host.run(options.command, timeLimit: options.timeLimit)
        }
      }
    }
  }
}
