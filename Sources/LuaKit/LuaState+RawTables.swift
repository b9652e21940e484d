import CLua
import CLuaBoundary

// Tables as they are, without metamethods: nothing here can fail.
extension LuaState {
  /// Pushes `t[name]` of the table at `index`.
  public func rawField(_ name: String, of index: Int32) {
    let table = lua_absindex(raw, index)
    push(name)
    lua_rawget(raw, table)
  }

  /// Pushes `t[position]` of the table at `index`.
  public func rawElement(_ position: Int, of index: Int32) {
    lua_rawgeti(raw, index, lua_Integer(position))
  }

  /// The length of the table at `index`.
  public func rawCount(at index: Int32) -> Int { Int(lua_rawlen(raw, index)) }

  /// The index counted from the bottom of the stack, which stays right while values are pushed.
  public func absolute(_ index: Int32) -> Int32 { lua_absindex(raw, index) }

  /// The length of the table at `index` as a list; nil when it has fewer entries than that, as a table of a few high
  /// numbers has, whose length means nothing.
  public func listCount(at index: Int32) -> Int? {
    let table = lua_absindex(raw, index)
    let length = Int(lua_rawlen(raw, table))
    var entries = 0
    lua_pushnil(raw)
    while entries < length, lua_next(raw, table) != 0 {
      pop()
      entries += 1
    }
    guard entries == length else { return nil }
    pop()
    return length
  }

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
