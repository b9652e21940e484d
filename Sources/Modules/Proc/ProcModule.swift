import Host
import LuaKit
import LuaRuntime

/// `kdev.proc`; its functions are documented in proc.d.lua.
enum ProcModule: KdevModule {
  static let name = "proc"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("run") { lua in
      let options = try environment.options(lua, at: 1, "kdev.proc.RunOptions", for: "kdev.proc.run")
      let arguments: [String] = try options.positional()
      var command = Command(arguments: arguments, effect: try options.bool("query") ? .query : .change)
      command.workingDirectory = try options.string("cwd")
      command.input = try options.value("stdin")
      for (name, value) in try options.texts("env") {
        command.environment[name] = String(decoding: value, as: UTF8.self)
      }
      let check = try options.value("check") ?? true
      let limit = try options.duration("timeout")
      return LuaOperation { [command] in
        let result = try await host.run(command, timeLimit: limit)
        guard !check || result.succeeded else {
          throw HostError(
            .command, "\(arguments[0]) ended with status \(result.status)", command: arguments, status: result.status,
            detail: result.errorText)
        }
        return LuaValue.result(status: result.status, output: result.output, error: result.error)
      }
    }
  }
}
