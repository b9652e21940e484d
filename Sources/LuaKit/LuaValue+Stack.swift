import CLua

extension LuaValue: LuaPushable {
  /// Pushes a deep copy.
  public func push(onto L: LuaState) {
    // A tree that Swift could build and Lua's stack (a million values) cannot hold is cut off, not fatal.
    guard lua_checkstack(L.raw, 4) != 0 else { return L.pushNil() }
    switch self {
    case .nil: L.pushNil()
    case .bool(let value): L.push(value)
    case .integer(let value): L.push(value)
    case .number(let value): L.push(value)
    case .bytes(let bytes): L.push(bytes: bytes)
    case .array(let elements):
      lua_createtable(L.raw, Int32(clamping: elements.count), 0)
      for (offset, element) in elements.enumerated() {
        element.push(onto: L)
        lua_rawseti(L.raw, -2, lua_Integer(offset + 1))
      }
    case .table(let fields):
      lua_createtable(L.raw, 0, Int32(clamping: fields.count))
      for field in fields where field.key.isKey {
        field.key.push(onto: L)
        field.value.push(onto: L)
        lua_rawset(L.raw, -3)
      }
    }
  }

  /// nil and NaN would make lua_rawset raise.
  private var isKey: Bool {
    switch self {
    case .nil: false
    case .number(let value): !value.isNaN
    default: true
    }
  }
}

extension LuaValue: LuaReadable {
  /// The tables inside tables that ``read(_:at:)`` follows.
  static let depthLimit = 100

  /// Reads a deep copy; metatables are not asked.
  ///
  /// - Throws: ``LuaMismatch`` that names the place of a function, a userdata, a thread, a table inside itself, or a
  ///   table nested deeper than 100.
  public static func read(_ L: LuaState, at index: Int32) throws(LuaMismatch) -> LuaValue {
    var path: [UnsafeRawPointer] = []
    return try read(L, at: index, path: &path)
  }

  private static func read(
    _ L: LuaState, at index: Int32, path: inout [UnsafeRawPointer]
  ) throws(LuaMismatch) -> LuaValue {
    switch L.type(at: index) {
    case .none, .nil: return .nil
    case .boolean: return .bool(lua_toboolean(L.raw, index) != 0)
    case .number:
      return lua_isinteger(L.raw, index) != 0
        ? .integer(Int64(lua_tointegerx(L.raw, index, nil))) : .number(lua_tonumberx(L.raw, index, nil))
    case .string: return .bytes(L.withBytes(at: index) { Array($0) } ?? [])
    case .table: return try readTable(L, at: lua_absindex(L.raw, index), path: &path)
    case .function, .userdata, .lightUserdata, .thread:
      throw LuaMismatch("plain data expected, got \(L.typeName(at: index))")
    }
  }

  private static func readTable(
    _ L: LuaState, at table: Int32, path: inout [UnsafeRawPointer]
  ) throws(LuaMismatch) -> LuaValue {
    guard path.count < depthLimit, lua_checkstack(L.raw, 6) != 0 else {
      throw LuaMismatch("tables nested deeper than \(depthLimit)")
    }
    guard let address = lua_topointer(L.raw, table) else { return .nil }
    guard !path.contains(address) else { throw LuaMismatch("a table that contains itself") }
    path.append(address)
    defer { path.removeLast() }

    let count = Int(lua_rawlen(L.raw, table))
    var elements: [LuaValue] = []
    elements.reserveCapacity(count)
    for position in 0..<count {
      lua_rawgeti(L.raw, table, lua_Integer(position + 1))
      defer { L.pop() }
      do { elements.append(try read(L, at: -1, path: &path)) } catch { throw error.inside("[\(position + 1)]") }
    }
    var rest: [Field] = []
    lua_pushnil(L.raw)
    while lua_next(L.raw, table) != 0 {
      if isElement(L, at: -2, of: count) {
        L.pop()
        continue
      }
      do throws(LuaMismatch) {
        let key = try read(L, at: -2, path: &path)
        guard key.isScalar else { throw LuaMismatch("a table as a key") }
        rest.append(Field(key, try read(L, at: -1, path: &path)))
      } catch {
        let key = L.describe(at: -2)
        L.pop(2)
        throw error.inside(LuaName.isIdentifier(key) ? key : "[\(key)]")
      }
      L.pop()
    }
    if rest.isEmpty { return elements.isEmpty ? .table([]) : .array(elements) }
    let numbered = elements.enumerated().map { Field(.integer(Int64($0.offset + 1)), $0.element) }
    return .table((numbered + rest.sorted { $0.key.sortsBefore($1.key) }).filter { !$0.value.isNil })
  }

  private static func isElement(_ L: LuaState, at index: Int32, of count: Int) -> Bool {
    guard lua_isinteger(L.raw, index) != 0 else { return false }
    let key = lua_tointegerx(L.raw, index, nil)
    return key >= 1 && key <= count
  }

  private var isScalar: Bool {
    switch self {
    case .bool, .integer, .number, .bytes: true
    default: false
    }
  }

  private func sortsBefore(_ other: LuaValue) -> Bool {
    switch (self, other) {
    case (.bytes(let a), .bytes(let b)): a.lexicographicallyPrecedes(b)
    case (.bytes, _): false
    case (_, .bytes): true
    default:
      if let a = double, let b = other.double { a < b } else { double != nil || (bool == false && other.bool == true) }
    }
  }
}

/// Names in Lua source.
enum LuaName {
  private static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
    "or", "repeat", "return", "then", "true", "until", "while",
  ]

  /// Whether the text can stand where Lua wants a name.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return !keywords.contains(text)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
