public import CLua

extension LuaState {
  /// The number of values on the stack; in a function called from Lua, at first, the number of its arguments.
  @inlinable public var top: Int32 { lua_gettop(raw) }

  /// Removes `count` values from the top.
  @inlinable public func pop(_ count: Int32 = 1) { lua_settop(raw, -count - 1) }

  /// The type of the value at `index`.
  @inlinable public func type(at index: Int32) -> LuaType { LuaType(code: lua_type(raw, index)) }

  /// Whether the value at `index` is nil or there is none.
  @inlinable public func isNil(at index: Int32) -> Bool { lua_type(raw, index) <= LUA_TNIL }

  /// Pushes a Swift value.
  @inlinable public func push<Value: LuaPushable>(_ value: Value) { value.push(onto: self) }

  /// Pushes nil.
  @inlinable public func pushNil() { lua_pushnil(raw) }

  /// Pushes a copy of the value at `index`.
  @inlinable public func pushCopy(at index: Int32) { lua_pushvalue(raw, index) }
}

/// The types of Lua values.
public enum LuaType: Int32, Sendable {
  case none = -1
  case `nil`, boolean, lightUserdata, number, string, table, function, userdata, thread

  @inlinable init(code: Int32) { self = LuaType(rawValue: code) ?? .none }
}
