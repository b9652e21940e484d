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
    lua.newTable(fields: 1)
    lua.push(function: body)
    lua.rawSet("__call", of: lua.top - 1)
    lua_setmetatable(lua.raw, table)
  }

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
