import CLua

/// The table of a module while it is filled: what `require "name"` will return.
///
/// Valid only inside the closure that gets it.
public final class LuaModule {
  /// The module's name: "kdev.disk".
  public let name: String
  /// The Lua thread that loads the module.
  public let lua: LuaState
  private let table: Int32

  package init(name: String, _ lua: LuaState) {
    self.name = name
    self.lua = lua
    lua.newTable(fields: 8)
    table = lua.top
  }

  /// A function that gives its results at once: reads arguments from the Lua stack, pushes results, returns how many.
  public func function(_ name: String, _ body: @escaping LuaBody) {
    lua.push(function: body)
    lua.rawSet(name, of: table)
  }

  /// What calling the module itself does: `kdev.merge { ... }`. Its arguments begin at index 2.
  public func call(_ body: @escaping LuaBody) {
    pushMetatable()
    lua.push(function: body)
    lua.rawSet("__call", of: lua.top - 1)
    lua_setmetatable(lua.raw, table)
  }

  /// Has a field that is not there noted, for the error of who uses it. It is nil all the same: a script may look what there is.
  package func noteMisses() {
    pushMetatable()
    lua.push(function: { [name] lua in
      guard lua.type(at: 2) == .string, let field = lua.string(at: 2) else { return 0 }
      lua.storage.lastMiss = ModuleMiss(module: name, field: field, names: lua.keys(of: 1))
      return 0
    })
    lua.rawSet("__index", of: lua.top - 1)
    lua_setmetatable(lua.raw, table)
  }

  private func pushMetatable() { if !lua.pushMetatable(of: table) { lua.newTable(fields: 2) } }

  /// A constant.
  public func value(_ name: String, _ value: some LuaPushable) {
    lua.push(value)
    lua.rawSet(name, of: table)
  }

  /// Stores the value that `push` leaves on top of the stack.
  public func field(_ name: String, _ push: (LuaState) throws -> Void) rethrows {
    try push(lua)
    lua.rawSet(name, of: table)
  }
}
