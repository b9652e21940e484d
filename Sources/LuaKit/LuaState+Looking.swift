import CLua
import CLuaBoundary

// What can be seen of values without calling anything of a script.
extension LuaState {
  /// Pushes `package.loaded`, also when a script has taken `package` away.
  public func pushLoadedModules() {
    push(LUA_LOADED_TABLE)
    lua_rawget(raw, lb_registry())
  }

  /// Leaves the value on top alone above the first `base` values.
  public func keepTop(above base: Int32) {
    lua_copy(raw, -1, base + 1)
    lua_settop(raw, base + 1)
  }

  /// Pushes the table of global variables.
  public func pushGlobals() { lb_push_globals(raw) }

  /// Pushes the metatable of the value at `index`, whatever its `__metatable` says; false, and nothing is pushed,
  /// when it has none.
  public func pushMetatable(of index: Int32) -> Bool { lua_getmetatable(raw, index) != 0 }

  /// The names of the methods and of the fields of the object at `index`; nil when it is none of a ``LuaObject`` class.
  public func members(at index: Int32) -> (methods: [String], fields: [String])? {
    guard storage.fieldNames[typeName(at: index)] != nil, pushMetatable(of: index) else { return nil }
    defer { pop() }
    rawField("__index", of: -1)
    defer { pop() }
    guard lua_getupvalue(raw, -1, 1) != nil else { return nil }
    defer { pop() }
    guard lua_getupvalue(raw, -2, 2) != nil else { return nil }
    defer { pop() }
    return (keys(of: -2), keys(of: -1))
  }

  /// Where the function at `index` was defined, as "setup.lua:12"; nil for one that is not of Lua.
  public func definition(at index: Int32) -> String? {
    var ar = lua_Debug()
    pushCopy(at: index)
    guard lua_getinfo(raw, ">S", &ar) != 0, ar.linedefined >= 0 else { return nil }
    let source = withUnsafeBytes(of: &ar.short_src) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return "\(source):\(max(1, ar.linedefined))"
  }

  /// The name that a loaded module has for the value at `index`: "string.format".
  public func libraryName(of index: Int32) -> String? {
    guard let wanted = identity(at: index) else { return nil }
    let top = self.top
    defer { pop(self.top - top) }
    pushLoadedModules()
    guard type(at: -1) == .table else { return nil }
    // Globals last: they may be other names of a library's functions.
    for module in keys(of: -1).sorted(by: { ($0 == LUA_GNAME ? 1 : 0, $0) < ($1 == LUA_GNAME ? 1 : 0, $1) }) {
      rawField(module, of: top + 1)
      for name in keys(of: -1) where name != "_" {
        rawField(name, of: -1)
        if lua_topointer(raw, -1) == wanted { return module == LUA_GNAME ? name : module + "." + name }
        pop()
      }
      pop()
    }
    return nil
  }
}
