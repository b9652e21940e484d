import CLua
import CLuaBoundary

// What data formats have and Lua has no word for: a null that a table can hold, and a table that is a list though it is
// empty. Nothing here can fail.
extension LuaState {
  /// Pushes null: a light userdata of the address 0, which equals itself only. It is lua-cjson's `null`, too.
  public func pushNull() { lua_pushlightuserdata(raw, nil) }

  /// Whether the value at `index` is what ``pushNull()`` pushes.
  public func isNull(at index: Int32) -> Bool {
    lua_type(raw, index) == LUA_TLIGHTUSERDATA && lua_touserdata(raw, index) == nil
  }

  /// Marks the table at `index` as a list by a metatable without any field, which this universe has once.
  public func markList(at index: Int32) {
    let table = lua_absindex(raw, index)
    if lua_rawgetp(raw, lb_registry(), Self.listTag) == LUA_TNIL {
      pop()
      newTable()
      pushCopy(at: -1)
      lua_rawsetp(raw, lb_registry(), Self.listTag)
    }
    lua_setmetatable(raw, table)
  }

  /// Whether ``markList(at:)`` marked the table at `index`.
  public func isMarkedList(at index: Int32) -> Bool {
    guard lua_getmetatable(raw, index) != 0 else { return false }
    defer { pop(2) }
    lua_rawgetp(raw, lb_registry(), Self.listTag)
    return lua_rawequal(raw, -1, -2) != 0
  }

  /// Whether the value at `index` has a metatable.
  public func hasMetatable(at index: Int32) -> Bool {
    guard lua_getmetatable(raw, index) != 0 else { return false }
    pop()
    return true
  }

  /// The address of the metadata of a type of our own, which is unique and immortal, stands for the mark.
  private enum ListMark {}
  private static var listTag: UnsafeRawPointer { unsafeBitCast(ListMark.self as Any.Type, to: UnsafeRawPointer.self) }
}
