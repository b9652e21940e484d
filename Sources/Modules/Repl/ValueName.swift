import LuaKit

extension TypeLibrary {
  /// The full name of the function, module or object's class at `index`, nil when the files tell nothing of it. Nothing of
  /// the script is called.
  func name(of index: Int32, _ lua: LuaState) -> String? {
    switch lua.type(at: index) {
    case .userdata:
      let name = lua.typeName(at: index)
      return classes[name] == nil ? nil : name
    case .table, .function: break
    default: return nil
    }
    guard let wanted = lua.identity(at: index) else { return nil }
    let top = lua.top
    defer { lua.pop(lua.top - top) }
    lua.pushLoadedModules()
    let loaded = lua.top
    guard lua.type(at: loaded) == .table else { return nil }
    for module in ["kdev"] + modules.map(\.name) {
      lua.rawField(module, of: loaded)
      defer { lua.pop() }
      guard lua.type(at: -1) == .table else { continue }
      if lua.identity(at: -1) == wanted { return module }
      for function in functions(of: module) {
        lua.rawField(function.key, of: -1)
        defer { lua.pop() }
        if lua.type(at: -1) == .function, lua.identity(at: -1) == wanted { return function.fullName }
      }
    }
    return nil
  }
}
