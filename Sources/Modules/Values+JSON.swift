import Host
import LuaKit

extension JSONValue {
  /// Lua data; keys that are no strings become text.
  init(_ value: LuaValue) {
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

extension LuaValue {
  /// A value of JSON; what is null is not there.
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .nil
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .integer(Int64(number))
    case .number(let number): self = .number(number)
    case .string(let text): self = .string(text)
    case .array(let items): self = .array(items.map { LuaValue($0) })
    case .object(let members):
      let present = members.filter { $0.value != .null }.sorted { $0.key < $1.key }
      self = .record(present.map { ($0.key, LuaValue($0.value)) })
    }
  }
}
