import Host
import LuaKit
import LuaRuntime

/// `kdev.log`; its functions are documented in log.d.lua.
enum LogModule: KdevModule {
  static let name = "log"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    let levels: [(String, LogLevel)] = [("debug", .debug), ("info", .info), ("warn", .warning), ("error", .error)]
    for (name, level) in levels {
      module.function(name) { lua in
        let text: String = try lua.read(1)
        let table: LuaValue = try lua.read(2)
        guard let fields = table.isNil ? [] : table.fields, fields.allSatisfy({ $0.key.text != nil }) else {
          throw lua.argumentError(2, "a table with names as keys expected")
        }
        host.log(level, text, fields.map { LogField($0.key.text ?? "", JSONValue($0.value)) })
        return 0
      }
    }
  }
}
