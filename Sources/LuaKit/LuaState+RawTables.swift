import CLua

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
}
