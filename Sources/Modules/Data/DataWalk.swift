import LuaKit

/// A key of a table, as a walk finds it.
enum DataKey {
  /// Valid while the table holds the key.
  case string(UnsafeRawBufferPointer)
  case integer(Int64)
  case number(Double)
  case bool(Bool)

  var text: String {
    switch self {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .integer(let value): "[\(value)]"
    case .number(let value): "[\(value)]"
    case .bool(let value): "[\(value)]"
    }
  }

  /// Numbers, then booleans, then strings by their bytes.
  func precedes(_ other: DataKey) -> Bool {
    switch (self, other) {
    case (.string(let a), .string(let b)): a.lexicographicallyPrecedes(b)
    case (.bool(let a), .bool(let b)): !a && b
    case (.integer(let a), .integer(let b)): a < b
    default: rank != other.rank ? rank < other.rank : number < other.number
    }
  }

  private var rank: Int {
    switch self {
    case .integer, .number: 0
    case .bool: 1
    case .string: 2
    }
  }

  private var number: Double {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: 0
    }
  }
}

/// Takes what a walk finds, in its order: a data format.
protocol DataSink {
  mutating func null()
  mutating func bool(_ value: Bool)
  mutating func integer(_ value: Int64)
  mutating func number(_ value: Double) throws(LuaMismatch)
  /// - Parameter bytes: valid during the call.
  mutating func string(_ bytes: UnsafeRawBufferPointer) throws(LuaMismatch)
  mutating func beginList()
  /// An element follows.
  mutating func element()
  mutating func endList()
  mutating func beginRecord()
  /// The key of the value that follows.
  mutating func key(_ key: DataKey) throws(LuaMismatch)
  mutating func endRecord()
}

/// Walks through a Lua value and tells a sink what is there. A table is a list when its keys are 1, 2, ... n, or when it
/// is empty and marked as one; any other is a record. Metamethods are not asked.
struct DataWalk {
  static let depthLimit = 200
  private let lua: LuaState
  /// Keys in order, so that equal data gives equal text.
  private let isSorted: Bool
  private var path: [UnsafeRawPointer] = []

  private init(_ lua: LuaState, sorted: Bool) {
    self.lua = lua
    isSorted = sorted
  }

  /// - Throws: a mismatch with the place inside the value.
  static func walk(
    _ lua: LuaState, at index: Int32, sorted: Bool = true, into sink: inout some DataSink
  ) throws(LuaMismatch) {
    var walk = DataWalk(lua, sorted: sorted)
    // The keys that a walk holds are Lua's own bytes.
    try lua.withoutCollector { () throws(LuaMismatch) in try walk.value(at: index, &sink) }
  }

  private mutating func value(at index: Int32, _ sink: inout some DataSink) throws(LuaMismatch) {
    switch lua.type(at: index) {
    case .boolean: sink.bool(try Bool.read(lua, at: index))
    case .number:
      if let integer = lua.integer(at: index) {
        sink.integer(integer)
      } else {
        try sink.number(try Double.read(lua, at: index))
      }
    case .string: if let bytes = lua.unsafeBytes(at: index) { try sink.string(bytes) }
    case .table: try table(at: lua.absolute(index), &sink)
    case .lightUserdata where lua.isNull(at: index): sink.null()
    default: throw LuaMismatch("plain data expected, got \(lua.typeName(at: index))")
    }
  }

  private mutating func table(at table: Int32, _ sink: inout some DataSink) throws(LuaMismatch) {
    guard let identity = lua.identity(at: table) else { return }
    guard !path.contains(identity) else { throw LuaMismatch("a table that contains itself") }
    guard path.count < Self.depthLimit, (try? lua.ensureStack(8)) != nil else {
      throw LuaMismatch("tables nested deeper than \(Self.depthLimit)")
    }
    path.append(identity)
    defer { path.removeLast() }
    let count = lua.rawCount(at: table)
    let isMarked = lua.isMarkedList(at: table)
    var keys = try self.keys(of: table, besides: count)
    guard keys.isEmpty, count > 0 || isMarked else {
      if isMarked, let key = keys.first { throw LuaMismatch("a list has the key \(key.text)") }
      // Elements beside other keys are fields like them.
      keys += (0..<count).map { .integer(Int64($0 + 1)) }
      if isSorted { keys.sort { $0.precedes($1) } }
      return try record(at: table, keys, &sink)
    }
    sink.beginList()
    for position in stride(from: 1, through: count, by: 1) {
      sink.element()
      lua.rawElement(position, of: table)
      defer { lua.pop() }
      // A hole: Lua counts up to any element with nil behind it.
      guard !lua.isNil(at: -1) else { throw LuaMismatch("a list with nil in it; use null").inside("[\(position)]") }
      do { try value(at: -1, &sink) } catch { throw error.inside("[\(position)]") }
    }
    sink.endList()
  }

  private mutating func record(
    at table: Int32, _ keys: [DataKey], _ sink: inout some DataSink
  ) throws(LuaMismatch) {
    sink.beginRecord()
    for key in keys {
      switch key {
      case .string(let bytes): lua.push(bytes: bytes)
      case .integer(let value): lua.push(value)
      case .number(let value): lua.push(value)
      case .bool(let value): lua.push(value)
      }
      lua.rawGet(of: table)
      defer { lua.pop() }
      if lua.isNil(at: -1) { continue }
      do throws(LuaMismatch) {
        try sink.key(key)
        try value(at: -1, &sink)
      } catch {
        throw error.inside(key.text)
      }
    }
    sink.endRecord()
  }

  /// The keys other than 1 to `count`.
  private func keys(of table: Int32, besides count: Int) throws(LuaMismatch) -> [DataKey] {
    var keys: [DataKey] = []
    lua.pushNil()
    while lua.next(of: table) {
      lua.pop()
      switch lua.type(at: -1) {
      case .string: if let bytes = lua.unsafeBytes(at: -1) { keys.append(.string(bytes)) }
      case .number:
        if let integer = lua.integer(at: -1) {
          if integer < 1 || integer > count { keys.append(.integer(integer)) }
        } else {
          keys.append(.number((try? Double.read(lua, at: -1)) ?? 0))
        }
      case .boolean: keys.append(.bool((try? Bool.read(lua, at: -1)) ?? false))
      default:
        let name = lua.typeName(at: -1)
        lua.pop()
        throw LuaMismatch("a \(name) as a key")
      }
    }
    return keys
  }
}

/// A text that is not of its format, or a value that the format cannot hold.
struct DataFailure: LuaErrorFields {
  let kind: String
  let message: String
  /// Where in the text, counted from 1; nil for a value.
  var line: Int?
  var column: Int?

  func field(_ name: String) -> LuaValue {
    switch name {
    case "line": line.map { .integer(Int64($0)) } ?? .nil
    case "column": column.map { .integer(Int64($0)) } ?? .nil
    default: .nil
    }
  }
}

extension LuaModule {
  /// `null` and `array`, the marks that the modules for data have in common.
  func dataMarks() {
    field("null") { $0.pushNull() }
    function("array") { lua in
      if lua.isNil(at: 1) { lua.newTable() } else { lua.pushCopy(at: 1) }
      guard lua.type(at: -1) == .table else {
        throw lua.argumentError(1, LuaMismatch(expected: "table", lua, at: 1).message)
      }
      guard !lua.hasMetatable(at: -1) || lua.isMarkedList(at: -1) else {
        throw lua.argumentError(1, "a table without a metatable of its own expected")
      }
      lua.markList(at: -1)
      return 1
    }
  }
}

extension LuaState {
  /// - Throws: an error that names the argument when the caller gave none.
  func requireValue(_ index: Int32) throws {
    if isNil(at: index) { throw argumentError(index, "value expected, and null for what is nothing") }
  }
}
