import CLua
import CLuaBoundary

// What data formats have and Lua has no word for: a null that a table can hold, and a table that is a list though it is
// empty. And tables as they are, for walking through data; nothing here can fail.
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

  // MARK: Walking

  /// Runs `body` without the collector, so that no finalizer changes data meanwhile.
  public func withoutCollector<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let stopped = lb_stand(raw)
    defer { if stopped { lb_go_on(raw) } }
    return try body()
  }

  /// Replaces the key on top by the table's next key and its value; at the end, pops the key and returns false. Begin
  /// with nil, and give the table no new key meanwhile.
  public func next(of index: Int32) -> Bool { lua_next(raw, index) != 0 }

  /// The bytes of the string at `index`, without a copy: valid as long as Lua holds the string.
  public func unsafeBytes(at index: Int32) -> UnsafeRawBufferPointer? {
    guard lua_type(raw, index) == LUA_TSTRING else { return nil }
    var count = 0
    guard let bytes = lua_tolstring(raw, index, &count) else { return nil }
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  /// The number at `index` when it is of Lua's subtype integer.
  public func integer(at index: Int32) -> Int64? {
    lua_isinteger(raw, index) != 0 ? Int64(lua_tointegerx(raw, index, nil)) : nil
  }

  /// What tells the table at `index` from every other one while both live.
  public func identity(at index: Int32) -> UnsafeRawPointer? { lua_topointer(raw, index) }

  /// Pushes a string without a copy in Swift.
  public func push(bytes: UnsafeRawBufferPointer) {
    _ = lua_pushlstring(raw, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
  }

  /// Pops a value and the key below it, and stores them in the table at `index`. The key is neither nil nor NaN.
  public func rawSet(of index: Int32) { lua_rawset(raw, index) }

  /// Pops a value and stores it as an element of the table at `index`.
  public func rawSet(element position: Int, of index: Int32) { lua_rawseti(raw, index, lua_Integer(position)) }

  /// Replaces the key on top by its value in the table at `index`.
  public func rawGet(of index: Int32) { lua_rawget(raw, index) }
}
