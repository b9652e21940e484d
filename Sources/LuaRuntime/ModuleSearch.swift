import CLua
import CLuaBoundary
import LuaKit

/// The source of a module that the host provides.
public struct LuaModuleSource: Sendable {
  /// Lua source text.
  public let source: [UInt8]
  /// The chunk's name: "@stdlib/setup.lua".
  public let chunkName: String

  /// A module's text and the name it has in error messages.
  public init(source: [UInt8], chunkName: String) {
    self.source = source
    self.chunkName = chunkName
  }

  /// A module's text and the name it has in error messages.
  public init(source: String, chunkName: String) {
    self.init(source: Array(source.utf8), chunkName: chunkName)
  }
}

extension Scheduler {
  /// Fills `package.preload[name]`: the module is built at its first `require`.
  func preload(_ name: String, _ build: @escaping (LuaModule) throws -> Void) throws(LuaError) {
    try lua.getGlobal("package")
    try lua.getField("preload", of: -1)
    lua.push(function: { lua in
      let module = LuaModule(name: name, lua)
      let table = lua.top
      try build(module)
      lua_settop(lua.raw, table)
      return 1
    })
    try lua.setField(name, of: -2)
    lua.pop(2)
  }

  /// Appends a searcher that asks the host.
  func addModuleSource(_ find: @escaping (String) -> LuaModuleSource?) throws(LuaError) {
    try lua.getGlobal("package")
    try lua.getField("searchers", of: -1)
    lua.push(function: { lua in
      let name: String = try lua.read(1)
      guard let module = find(name) else {
        lua.push("no built-in module '\(name)'")
        return 1
      }
      do throws(LuaError) { try lua.load(module.source, name: module.chunkName) } catch {
        let file = module.chunkName.drop { $0 == "@" || $0 == "=" }
        throw LuaError("error loading module '\(name)' from '\(file)':\n\t\(error.message)")
      }
      lua.push(module.chunkName)
      return 2
    })
    lua_rawseti(lua.raw, -2, lua_Integer(lua_rawlen(lua.raw, -2) + 1))
    lua.pop(2)
  }

  /// Has `require` look in `directory` before anywhere else on package.path.
  func searchModules(in directory: String) throws(LuaError) {
    try lua.getGlobal("package")
    try lua.getField("path", of: -1)
    let path = lua.string(at: -1) ?? ""
    lua.pop()
    let here = "\(directory)/?.lua;\(directory)/?/init.lua"
    if path != here, !path.hasPrefix(here + ";") {
      lua.push(path.isEmpty ? here : here + ";" + path)
      try lua.setField("path", of: -2)
    }
    lua.pop()
  }

  func installCallbacks() {
    let host = lua.host
    host.pointee.wait_module = { raw in
      guard let raw else { return 0 }
      let lua = LuaState(raw)
      do { return try Scheduler.of(lua).waitForModule(lua) } catch {
        lua.push(error: error)
        return LuaState.error
      }
    }
    host.pointee.module_loaded = { raw, name in
      guard let raw, let name else { return }
      Scheduler.of(LuaState(raw)).moduleLoaded(String(cString: name))
    }
    host.pointee.interrupted = { raw in
      guard let raw else { return 0 }
      return Scheduler.of(LuaState(raw)).stopLoop(LuaState(raw))
    }
  }

  /// Another task is loading the module at index 1.
  private func waitForModule(_ lua: LuaState) throws -> Int32 {
    let name: String = try lua.read(1)
    guard let task = try beginAwait(lua) else { return LuaState.await }
    task.wait = .module(name)
    moduleWaiters[name, default: []].append(task)
    return LuaState.await
  }

  private func moduleLoaded(_ name: String) {
    for task in moduleWaiters.removeValue(forKey: name) ?? [] {
      task.lua.push(true)
      makeReady(task, 1)
    }
  }
}
