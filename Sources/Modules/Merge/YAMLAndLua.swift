import LuaKit
import Suite

extension LuaValue {
  /// YAML as Lua has it: mappings and sequences as tables, null as nil, timestamps and numbers beyond 64 bits as text.
  init(_ yaml: YAMLValue) {
    switch yaml {
    case .null: self = .nil
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(Int64(value))
    case .bigInteger(let text): self = .string(text)
    case .float(let value): self = .number(value)
    case .string(let text): self = .string(text)
    case .timestamp(let stamp): self = .string(stamp.iso)
    case .binary(let bytes): self = .bytes(bytes)
    case .sequence(let items): self = .array(items.map { LuaValue($0) })
    case .mapping(let mapping):
      self = .table(mapping.compactMap { key, value in value.isNull ? nil : Field(LuaValue(key), LuaValue(value)) })
    }
  }
}

extension YAMLValue {
  /// Lua data as YAML: a table with elements is a sequence, any other one a mapping.
  init(_ lua: LuaValue) {
    switch lua {
    case .nil: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(Int(value))
    case .number(let value): self = .float(value)
    case .bytes(let bytes): self = String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .binary(bytes)
    case .array(let items): self = .sequence(items.map { YAMLValue($0) })
    case .table(let fields): self = .mapping(YAMLMapping(fields.map { (YAMLValue($0.key), YAMLValue($0.value)) }))
    }
  }

  /// Lua data that began as `before`: where it still is what that became in Lua, what Lua cannot say is kept: nulls, dates,
  /// and whether an empty table is a list.
  init(_ lua: LuaValue, from before: YAMLValue?) {
    switch (lua, before) {
    case (.array(let items), .sequence(let old)?):
      self = .sequence(
        items.enumerated().map { place, item in YAMLValue(item, from: place < old.count ? old[place] : nil) })
    case (.table(let fields), .sequence?) where fields.isEmpty: self = .sequence([])
    case (.table(let fields), .mapping(let old)?):
      var mapping = YAMLMapping()
      // Keys in their old order, new ones behind.
      let values = Dictionary(fields.map { ($0.key, $0.value) }) { first, _ in first }
      for (key, value) in old {
        if let now = values[LuaValue(key)] {
          mapping[key] = YAMLValue(now, from: value)
        } else if value.isNull {
          mapping[key] = .null
        }
      }
      for field in fields where mapping[YAMLValue(field.key)] == nil {
        mapping[YAMLValue(field.key)] = YAMLValue(field.value)
      }
      self = .mapping(mapping)
    case (_, let before?) where LuaValue(before) == lua: self = before
    default: self = YAMLValue(lua)
    }
  }

  /// The members of a mapping with string keys.
  var members: [String: YAMLValue] {
    var members: [String: YAMLValue] = [:]
    for (key, value) in mapping ?? YAMLMapping() { if let name = key.string { members[name] = value } }
    return members
  }
}
