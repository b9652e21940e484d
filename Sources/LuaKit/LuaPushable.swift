public import CLua

/// A Swift value that can be pushed on a Lua stack.
public protocol LuaPushable: LuaResult {
  /// Pushes exactly one value.
  func push(onto lua: LuaState)
}

/// What a function gives back to Lua: any number of values.
public protocol LuaResult {
  /// Pushes the values.
  /// - Returns: How many they are.
  func pushResults(onto lua: LuaState) -> Int32
}

extension LuaPushable {
  @inlinable public func pushResults(onto lua: LuaState) -> Int32 {
    push(onto: lua)
    return 1
  }
}

extension Int: LuaPushable {
  @inlinable public func push(onto lua: LuaState) { lua_pushinteger(lua.raw, lua_Integer(self)) }
}

extension Int64: LuaPushable {
  @inlinable public func push(onto lua: LuaState) { lua_pushinteger(lua.raw, lua_Integer(self)) }
}

extension Int32: LuaPushable {
  @inlinable public func push(onto lua: LuaState) { lua_pushinteger(lua.raw, lua_Integer(self)) }
}

extension Double: LuaPushable {
  @inlinable public func push(onto lua: LuaState) { lua_pushnumber(lua.raw, self) }
}

extension Bool: LuaPushable {
  @inlinable public func push(onto lua: LuaState) { lua_pushboolean(lua.raw, self ? 1 : 0) }
}

extension String: LuaPushable {
  @inlinable public func push(onto lua: LuaState) {
    var copy = self
    copy.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(lua.raw, $0.baseAddress, $0.count) }
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
  @inlinable public func push(onto lua: LuaState) { lua_pushinteger(lua.raw, lua_Integer(self)) }
}

/// An array is a table, but `[UInt8]` is a string: Lua's strings are bytes.
extension Array: LuaPushable, LuaResult where Element: LuaPushable {
  public func push(onto lua: LuaState) {
    if Element.self == UInt8.self, let bytes = self as? [UInt8] { return lua.push(bytes: bytes) }
    guard lua_checkstack(lua.raw, 3) != 0 else { return lua.pushNil() }
    lua_createtable(lua.raw, Int32(clamping: count), 0)
    for (offset, element) in enumerated() {
      element.push(onto: lua)
      lua_rawseti(lua.raw, -2, lua_Integer(offset + 1))
    }
  }
}

extension Optional: LuaPushable, LuaResult where Wrapped: LuaPushable {
  @inlinable public func push(onto lua: LuaState) {
    if let self { self.push(onto: lua) } else { lua_pushnil(lua.raw) }
  }
}

extension Dictionary: LuaPushable, LuaResult where Key == String, Value: LuaPushable {
  public func push(onto lua: LuaState) {
    guard lua_checkstack(lua.raw, 4) != 0 else { return lua.pushNil() }
    lua_createtable(lua.raw, 0, Int32(clamping: count))
    for (key, value) in self {
      key.push(onto: lua)
      value.push(onto: lua)
      lua_rawset(lua.raw, -3)
    }
  }
}
