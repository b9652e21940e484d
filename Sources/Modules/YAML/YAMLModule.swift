import LuaKit
import LuaRuntime
import Suite

/// `kdev.yaml`; its functions are documented in yaml.d.lua.
enum YAMLModule: KdevModule {
  static let name = "yaml"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.dataMarks()
    module.function("load") { lua in
      let text: String = try lua.read(1)
      let value: YAMLValue
      do throws(YAMLError) { value = try YAMLValue(yaml: text) } catch { throw DataFailure(error) }
      try value.push(onto: lua)
      return 1
    }
    module.function("dump") { lua in
      try lua.requireValue(1)
      var builder = YAMLBuilder()
      do throws(LuaMismatch) { try DataWalk.walk(lua, at: 1, into: &builder) } catch {
        throw DataFailure(kind: "yaml", message: error.message)
      }
      lua.push(builder.value.yaml)
      return 1
    }
  }
}

extension DataFailure {
  init(_ error: YAMLError) {
    self.init(kind: "yaml", message: error.description, line: error.line, column: error.column)
  }
}

extension YAMLValue {
  /// Pushes the value with the marks of data: null as null, an empty sequence as a marked table; timestamps and numbers
  /// beyond 64 bits as text.
  fileprivate func push(onto lua: LuaState) throws {
    try lua.ensureStack(8)
    switch self {
    case .null: lua.pushNull()
    case .sequence(let items):
      lua.newTable(elements: items.count)
      if items.isEmpty { lua.markList(at: -1) }
      for (offset, item) in items.enumerated() {
        try item.push(onto: lua)
        lua.rawSet(element: offset + 1, of: -2)
      }
    case .mapping(let mapping):
      lua.newTable(fields: mapping.count)
      for (key, value) in mapping {
        if case .float(let number) = key, number.isNaN {
          throw DataFailure(kind: "yaml", message: "a mapping has the key .nan, which no table can have")
        }
        try key.push(onto: lua)
        try value.push(onto: lua)
        lua.rawSet(of: -3)
      }
    default: lua.push(LuaValue(self))
    }
  }
}

/// Makes a YAML value of what a walk finds.
private struct YAMLBuilder: DataSink {
  private enum Open {
    case list([YAMLValue])
    case record(YAMLMapping, key: YAMLValue)
  }

  private(set) var value = YAMLValue.null
  private var open: [Open] = []

  mutating func null() { put(.null) }
  mutating func bool(_ value: Bool) { put(.bool(value)) }
  mutating func integer(_ value: Int64) { put(.integer(Int(value))) }
  mutating func number(_ value: Double) { put(.float(value)) }
  mutating func string(_ bytes: UnsafeRawBufferPointer) { put(Self.text(bytes)) }
  mutating func beginList() { open.append(.list([])) }
  mutating func element() {}
  mutating func beginRecord() { open.append(.record(YAMLMapping(), key: .null)) }
  mutating func endList() { close() }
  mutating func endRecord() { close() }

  mutating func key(_ key: DataKey) {
    guard case .record(let mapping, _) = open.popLast() else { return }
    let name: YAMLValue =
      switch key {
      case .string(let bytes): Self.text(bytes)
      case .integer(let value): .integer(Int(value))
      case .number(let value): .float(value)
      case .bool(let value): .bool(value)
      }
    open.append(.record(mapping, key: name))
  }

  /// Bytes that are no text are `!!binary`.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> YAMLValue {
    String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .binary(Array(bytes))
  }

  private mutating func put(_ value: YAMLValue) {
    switch open.popLast() {
    case nil: self.value = value
    case .list(var items):
      items.append(value)
      open.append(.list(items))
    case .record(var mapping, let key):
      mapping[key] = value
      open.append(.record(mapping, key: key))
    }
  }

  private mutating func close() {
    switch open.popLast() {
    case .list(let items): put(.sequence(items))
    case .record(let mapping, _): put(.mapping(mapping))
    case nil: break
    }
  }
}
