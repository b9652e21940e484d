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

extension JSONValue {
  /// Lua data; keys that are no strings become text.
  fileprivate init(_ value: LuaValue) {
    switch value {
    case .nil: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(Int(value))
    case .number(let value): self = value.isFinite ? .number(value) : .string(value.description)
    case .bytes: self = .string(value.text ?? "")
    case .array(let items): self = .array(items.map { JSONValue($0) })
    case .table(let fields):
      self = .object(
        Dictionary(fields.map { ($0.key.text ?? $0.key.description, JSONValue($0.value)) }) { first, _ in first })
    }
  }
}
