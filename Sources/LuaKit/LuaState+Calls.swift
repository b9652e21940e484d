import CLua
import CLuaBoundary

extension LuaState {
  /// Compiles a chunk and pushes it as a function.
  ///
  /// - Parameters:
  ///   - source: Lua source text; precompiled chunks are refused, as they can crash the virtual machine.
  ///   - name: The chunk's name as `load` takes it: "@path" for a file, "=text" to be shown as it is.
  /// - Throws: ``LuaError`` with the file and line of a syntax error.
  public func load(_ source: some Collection<UInt8>, name: String) throws(LuaError) {
    let bytes = Array(source)
    let status = bytes.withUnsafeBytes { buffer in
      luaL_loadbufferx(raw, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, name, "t")
    }
    if status != LUA_OK { throw popError() }
  }

  /// Compiles source text and pushes it as a function; see ``load(_:name:)-(Collection<UInt8>,_)``.
  public func load(_ source: String, name: String) throws(LuaError) {
    try load(Array(source.utf8), name: name)
  }

  /// Compiles a file and pushes it as a function. A first line that begins with `#` is skipped.
  ///
  /// - Throws: ``LuaError`` when it cannot be read or has a syntax error.
  public func loadFile(_ path: String) throws(LuaError) {
    if lb_load_file(raw, path) != LUA_OK { throw popError() }
  }

  /// Calls the function below its arguments on the stack, which are replaced by the results.
  ///
  /// - Parameters:
  ///   - arguments: How many values above the function are its arguments.
  ///   - results: How many results to leave, or nil for all.
  /// - Throws: ``LuaError`` with a traceback.
  public func call(arguments: Int32 = 0, results: Int32? = 0) throws(LuaError) {
    let status = lb_call(raw, arguments, results ?? LUA_MULTRET)
    if status == LUA_OK { return }
    let error = popError()
    throw memoryError(status) ?? error
  }

  /// Compiles and calls a chunk, dropping its results.
  public func run(_ source: String, name: String = "=chunk") throws(LuaError) {
    try load(source, name: name)
    try call()
  }

  /// Where the function at `level` (0 runs, 1 called it) is: "setup.lua:12: ", or "" for a C function.
  public func location(level: Int32 = 1) -> String {
    luaL_where(raw, level)
    defer { pop() }
    return string(at: -1) ?? ""
  }
}

// MARK: Tables

extension LuaState {
  /// Pushes `t[name]` for the value at `index`, metamethods included.
  public func getField(_ name: String, of index: Int32) throws(LuaError) {
    let table = lua_absindex(raw, index)
    push(name)
    if lb_gettable(raw, table) != LUA_OK { throw popError() }
  }

  /// Pops a value and stores it as `t[name]` for the value at `index`, metamethods included.
  public func setField(_ name: String, of index: Int32) throws(LuaError) {
    let table = lua_absindex(raw, index)
    push(name)
    lb_insert(raw, -2)
    if lb_settable(raw, table) != LUA_OK { throw popError() }
  }

  /// Reads the field of a table, without metamethods.
  ///
  /// - Throws: ``LuaMismatch`` that names the field, also when the value at `index` is no table.
  public func read<Value: LuaReadable>(
    field name: String, of index: Int32, as type: Value.Type = Value.self
  ) throws(LuaMismatch) -> Value {
    guard lua_type(raw, index) == LUA_TTABLE else { throw LuaMismatch(expected: "table", self, at: index) }
    let table = lua_absindex(raw, index)
    push(name)
    lua_rawget(raw, table)
    defer { pop() }
    do { return try Value.read(self, at: -1) } catch { throw error.inside(name) }
  }

  /// The string keys of the table at `index`, sorted; other keys are left out.
  public func keys(of index: Int32) -> [String] {
    guard lua_type(raw, index) == LUA_TTABLE else { return [] }
    let table = lua_absindex(raw, index)
    var names: [String] = []
    lua_pushnil(raw)
    while lua_next(raw, table) != 0 {
      pop()
      if let name = string(at: -1) { names.append(name) }
    }
    return names.sorted()
  }

  /// Pushes a new table.
  public func newTable(elements: Int = 0, fields: Int = 0) {
    lua_createtable(raw, Int32(clamping: elements), Int32(clamping: fields))
  }

  /// Pops a value and stores it in the table at `index`, without metamethods: cannot fail.
  public func rawSet(_ name: String, of index: Int32) {
    let table = lua_absindex(raw, index)
    push(name)
    lb_insert(raw, -2)
    lua_rawset(raw, table)
  }

  /// Pops a value and stores it in the global variable.
  public func setGlobal(_ name: String) throws(LuaError) {
    lb_push_globals(raw)
    lb_insert(raw, -2)
    defer { pop() }
    try setField(name, of: -2)
  }

  /// Pushes the global variable.
  public func getGlobal(_ name: String) throws(LuaError) {
    lb_push_globals(raw)
    try getField(name, of: -1)
    lb_remove(raw, -2)
  }

  /// The length of the value at `index`, `__len` included.
  public func count(at index: Int32) throws(LuaError) -> Int {
    if lb_len(raw, index) != LUA_OK { throw popError() }
    defer { pop() }
    return Int(lua_tointegerx(raw, -1, nil))
  }
}
