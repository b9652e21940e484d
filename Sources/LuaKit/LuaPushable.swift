public import CLua

/// A Swift value that can be pushed on a Lua stack.
public protocol LuaPushable: LuaResult {
  /// Pushes exactly one value.
  func push(onto L: LuaState)
}

/// What a function gives back to Lua: any number of values.
public protocol LuaResult {
  /// Pushes the values.
  /// - Returns: How many they are.
  func pushResults(onto L: LuaState) -> Int32
}

extension LuaPushable {
  @inlinable public func pushResults(onto L: LuaState) -> Int32 {
    push(onto: L)
    return 1
  }
}

extension Int: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushinteger(L.raw, lua_Integer(self)) }
}

extension Int64: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushinteger(L.raw, lua_Integer(self)) }
}

extension Int32: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushinteger(L.raw, lua_Integer(self)) }
}

extension Double: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushnumber(L.raw, self) }
}

extension Bool: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushboolean(L.raw, self ? 1 : 0) }
}

extension String: LuaPushable {
  @inlinable public func push(onto L: LuaState) {
    var copy = self
    copy.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(L.raw, $0.baseAddress, $0.count) }
    }
  }
}

extension LuaState {
  /// Pushes bytes as a Lua string, unchanged.
  public func push(bytes: some Collection<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      buffer.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(raw, $0.baseAddress, $0.count) }
    }
    if done == nil { push(bytes: Array(bytes)) }
  }
}

extension UInt8: LuaPushable {
  @inlinable public func push(onto L: LuaState) { lua_pushinteger(L.raw, lua_Integer(self)) }
}

/// An array is a table, but `[UInt8]` is a string: Lua's strings are bytes.
extension Array: LuaPushable, LuaResult where Element: LuaPushable {
  public func push(onto L: LuaState) {
    if let bytes = self as? [UInt8] { return L.push(bytes: bytes) }
    guard lua_checkstack(L.raw, 3) != 0 else { return L.pushNil() }
    lua_createtable(L.raw, Int32(clamping: count), 0)
    for (offset, element) in enumerated() {
      element.push(onto: L)
      lua_rawseti(L.raw, -2, lua_Integer(offset + 1))
    }
  }
}

extension Optional: LuaPushable, LuaResult where Wrapped: LuaPushable {
  @inlinable public func push(onto L: LuaState) {
    if let self { self.push(onto: L) } else { lua_pushnil(L.raw) }
  }
}

extension Dictionary: LuaPushable, LuaResult where Key == String, Value: LuaPushable {
  public func push(onto L: LuaState) {
    guard lua_checkstack(L.raw, 4) != 0 else { return L.pushNil() }
    lua_createtable(L.raw, 0, Int32(clamping: count))
    for (key, value) in self {
      key.push(onto: L)
      value.push(onto: L)
      lua_rawset(L.raw, -3)
    }
  }
}
