public import CLua

/// A Swift value that can be read from a Lua stack.
public protocol LuaReadable {
  /// Reads the value at `index`, which stays where it is.
  ///
  /// - Throws: ``LuaMismatch``, which says what was expected and what was found; the caller adds where.
  static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Self
}

/// A Lua value is not what Swift expected of it.
public struct LuaMismatch: Error, Sendable {
  /// "string expected, got table", or anything else a person should read.
  public let reason: String
  /// Where inside the value, as Lua would write it: "share[2].path"; empty for the value itself.
  public var path: String = ""

  /// A mismatch with its own words.
  public init(_ reason: String) { self.reason = reason }

  /// The usual one: "string expected, got table".
  public init(expected: String, _ lua: LuaState, at index: Int32) {
    reason = "\(expected) expected, got \(lua.typeName(at: index))"
  }

  /// The reason, with the field it is about.
  public var message: String { path.isEmpty ? reason : "field '\(path)': \(reason)" }

  /// The same mismatch, seen from the table that holds the value under `key`.
  public func inside(_ key: String) -> LuaMismatch {
    var outer = self
    outer.path = path.isEmpty ? key : path.hasPrefix("[") ? key + path : key + "." + path
    return outer
  }
}

extension Int: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Int {
    var isInteger: Int32 = 0
    let value = lua_tointegerx(lua.raw, index, &isInteger)
    guard isInteger != 0 else { throw mismatch(lua, at: index) }
    return Int(value)
  }

  @usableFromInline static func mismatch(_ lua: LuaState, at index: Int32) -> LuaMismatch {
    lua_type(lua.raw, index) == LUA_TNUMBER
      ? LuaMismatch("number has no integer representation") : LuaMismatch(expected: "integer", lua, at: index)
  }
}

extension Int64: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Int64 {
    Int64(try Int.read(lua, at: index))
  }
}

extension Double: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Double {
    var isNumber: Int32 = 0
    let value = lua_tonumberx(lua.raw, index, &isNumber)
    guard isNumber != 0 else { throw LuaMismatch(expected: "number", lua, at: index) }
    return value
  }
}

extension Bool: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Bool {
    guard lua_type(lua.raw, index) == LUA_TBOOLEAN else { throw LuaMismatch(expected: "boolean", lua, at: index) }
    return lua_toboolean(lua.raw, index) != 0
  }
}

extension LuaState {
  /// Lends the bytes of the string (or number) at `index` to `body`; nil when it is neither.
  @inlinable
  public func withBytes<R>(at index: Int32, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    let code = lua_type(raw, index)
    guard code == LUA_TSTRING || code == LUA_TNUMBER else { return nil }
    // lua_tolstring turns a number into a string where it stands, which would confuse lua_next; so use a copy.
    if code == LUA_TNUMBER { lua_pushvalue(raw, index) }
    defer { if code == LUA_TNUMBER { pop() } }
    var count = 0
    guard let bytes = lua_tolstring(raw, code == LUA_TNUMBER ? -1 : index, &count) else { return nil }
    return body(UnsafeRawBufferPointer(start: bytes, count: count))
  }
}

extension String: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> String {
    guard let text = lua.withBytes(at: index, { String(decoding: $0, as: UTF8.self) }) else {
      throw LuaMismatch(expected: "string", lua, at: index)
    }
    return text
  }
}

extension UInt8: LuaReadable {
  public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> UInt8 {
    guard let byte = UInt8(exactly: try Int.read(lua, at: index)) else { throw LuaMismatch("byte out of range") }
    return byte
  }
}

/// An array is a table, but `[UInt8]` is a string: Lua's strings are bytes.
extension Array: LuaReadable where Element: LuaReadable {
  public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> [Element] {
    if Element.self == UInt8.self, let bytes = lua.withBytes(at: index, { Array<UInt8>($0) }) as? [Element] {
      return bytes
    }
    guard lua_type(lua.raw, index) == LUA_TTABLE else {
      throw LuaMismatch(expected: Element.self == UInt8.self ? "string" : "table", lua, at: index)
    }
    guard lua_checkstack(lua.raw, 4) != 0 else { throw LuaMismatch("table nested too deep") }
    let table = lua_absindex(lua.raw, index)
    guard let count = lua.listCount(at: table) else { throw LuaMismatch("a list with nil in it") }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for position in 0..<count {
      lua_rawgeti(lua.raw, table, lua_Integer(position + 1))
      defer { lua.pop() }
      do { elements.append(try Element.read(lua, at: -1)) } catch { throw error.inside("[\(position + 1)]") }
    }
    return elements
  }
}

extension Optional: LuaReadable where Wrapped: LuaReadable {
  @inlinable public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Wrapped? {
    lua_type(lua.raw, index) <= LUA_TNIL ? nil : try Wrapped.read(lua, at: index)
  }
}

extension Dictionary: LuaReadable where Key == String, Value: LuaReadable {
  public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> [String: Value] {
    guard lua_type(lua.raw, index) == LUA_TTABLE else { throw LuaMismatch(expected: "table", lua, at: index) }
    guard lua_checkstack(lua.raw, 4) != 0 else { throw LuaMismatch("table nested too deep") }
    let table = lua_absindex(lua.raw, index)
    var result: [String: Value] = [:]
    lua_pushnil(lua.raw)
    while lua_next(lua.raw, table) != 0 {
      guard lua_type(lua.raw, -2) == LUA_TSTRING, let key = lua.string(at: -2) else {
        let found = lua.describe(at: -2)
        lua.pop(2)
        throw LuaMismatch("string keys expected, got the key \(found)")
      }
      do { result[key] = try Value.read(lua, at: -1) } catch {
        lua.pop(2)
        throw error.inside(key)
      }
      lua.pop()
    }
    return result
  }
}
