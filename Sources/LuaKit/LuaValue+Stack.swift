import CLua

extension LuaValue: LuaPushable {
  /// Pushes a deep copy.
  public func push(onto lua: LuaState) {
    // A tree that Swift could build and Lua's stack (a million values) cannot hold is cut off, not fatal.
    guard lua_checkstack(lua.raw, 4) != 0 else { return lua.pushNil() }
    switch self {
    case .nil: lua.pushNil()
    case .bool(let value): lua.push(value)
    case .integer(let value): lua.push(value)
    case .number(let value): lua.push(value)
    case .bytes(let bytes): lua.push(bytes: bytes)
    case .array(let elements):
      lua_createtable(lua.raw, Int32(clamping: elements.count), 0)
      // Nothing else would say that it is one.
      if elements.isEmpty { lua.markList(at: -1) }
      for (offset, element) in elements.enumerated() {
        element.push(onto: lua)
        lua_rawseti(lua.raw, -2, lua_Integer(offset + 1))
      }
    case .table(let fields):
      lua_createtable(lua.raw, 0, Int32(clamping: fields.count))
      for field in fields where field.key.isKey {
        field.key.push(onto: lua)
        field.value.push(onto: lua)
        lua_rawset(lua.raw, -3)
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
  /// The values that it copies: a table that is reached by many ways is copied for each, and a few dozen tables have more
  /// ways than there is memory.
  static let countLimit = 1_000_000

  /// Reads a deep copy; metatables are not asked.
  ///
  /// - Throws: ``LuaMismatch`` that names the place of a function, a userdata, a thread, a table inside itself, a table
  ///   nested deeper than 100, or where there are more than a million values.
  public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> LuaValue {
    var walk = Walk()
    return try read(lua, at: index, &walk)
  }

  /// Where a copy is.
  private struct Walk {
    /// The tables around it.
    var path: [UnsafeRawPointer] = []
    var count = 0
  }

  private static func read(_ lua: LuaState, at index: Int32, _ walk: inout Walk) throws(LuaMismatch) -> LuaValue {
    walk.count += 1
    guard walk.count <= countLimit else { throw LuaMismatch("more than \(countLimit) values") }
    switch lua.type(at: index) {
    case .none, .nil: return .nil
    case .boolean: return .bool(lua_toboolean(lua.raw, index) != 0)
    case .number:
      return lua_isinteger(lua.raw, index) != 0
        ? .integer(Int64(lua_tointegerx(lua.raw, index, nil))) : .number(lua_tonumberx(lua.raw, index, nil))
    case .string: return .bytes(lua.withBytes(at: index) { Array($0) } ?? [])
    case .table: return try readTable(lua, at: lua_absindex(lua.raw, index), &walk)
    case .function, .userdata, .lightUserdata, .thread:
      throw LuaMismatch("plain data expected, got \(lua.typeName(at: index))")
    }
  }

  private static func readTable(_ lua: LuaState, at table: Int32, _ walk: inout Walk) throws(LuaMismatch) -> LuaValue {
    guard walk.path.count < depthLimit, lua_checkstack(lua.raw, 6) != 0 else {
      throw LuaMismatch("tables nested deeper than \(depthLimit)")
    }
    guard let address = lua_topointer(lua.raw, table) else { return .nil }
    guard !walk.path.contains(address) else { throw LuaMismatch("a table that contains itself") }
    walk.path.append(address)
    defer { walk.path.removeLast() }

    let count = lua.listCount(at: table) ?? 0
    var elements: [LuaValue] = []
    elements.reserveCapacity(count)
    for position in 0..<count {
      lua_rawgeti(lua.raw, table, lua_Integer(position + 1))
      defer { lua.pop() }
      do { elements.append(try read(lua, at: -1, &walk)) } catch { throw error.inside("[\(position + 1)]") }
    }
    var rest: [Field] = []
    lua_pushnil(lua.raw)
    while lua_next(lua.raw, table) != 0 {
      if isElement(lua, at: -2, of: count) {
        lua.pop()
        continue
      }
      do throws(LuaMismatch) {
        let key = try read(lua, at: -2, &walk)
        guard key.isScalar else { throw LuaMismatch("a table as a key") }
        rest.append(Field(key, try read(lua, at: -1, &walk)))
      } catch {
        let key = lua.describe(at: -2)
        lua.pop(2)
        throw error.inside(LuaName.isIdentifier(key) ? key : "[\(key)]")
      }
      lua.pop()
    }
    if rest.isEmpty { return elements.isEmpty ? .table([]) : .array(elements) }
    let numbered = elements.enumerated().map { Field(.integer(Int64($0.offset + 1)), $0.element) }
    return .table((numbered + rest.sorted { $0.key.sortsBefore($1.key) }).filter { !$0.value.isNil })
  }

  private static func isElement(_ lua: LuaState, at index: Int32, of count: Int) -> Bool {
    guard lua_isinteger(lua.raw, index) != 0 else { return false }
    let key = lua_tointegerx(lua.raw, index, nil)
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
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not",
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
