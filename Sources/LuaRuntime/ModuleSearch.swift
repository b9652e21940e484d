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

/// Where `require` looks besides the script's folder and the paths that Lua was built with.
public struct LuaSearchFolders: Sendable {
  /// Folders of Lua modules, asked after the script's own folder and before Lua's paths.
  public var before: [String]
  /// Trees with `share/lua/5.4/` and `lib/lua/5.4/`, asked after Lua's paths.
  public var trees: [String]

  /// Folders before Lua's paths, and trees after them.
  public init(before: [String] = [], trees: [String] = []) {
    self.before = before
    self.trees = trees
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
      module.noteMisses()
      lua_settop(lua.raw, table)
      return 1
    })
    try lua.setField(name, of: -2)
    lua.pop(2)
  }

  /// Appends a searcher that asks the host.
  func addModuleSource(
    _ find: @escaping (String) -> LuaModuleSource?, meant: @escaping (String) -> String?
  ) throws(LuaError) {
    try lua.getGlobal("package")
    try lua.getField("searchers", of: -1)
    lua.push(function: { lua in
      let name: String = try lua.read(1)
      // Nothing, or a line more, as a searcher may: the error of a name that is found nowhere stays Lua's own.
      guard let module = find(name) else {
        guard let near = meant(name) else { return 0 }
        lua.push("did you mean '\(near)'?")
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
    let here = Self.templates([directory])
    ownPath = here
    try Self.changePath("path", lua) { path in
      guard path != here, !path.hasPrefix(here + ";") else { return nil }
      return path.isEmpty ? here : here + ";" + path
    }
  }

  /// Adds the folders to package.path and package.cpath at the first `require` that has to look.
  func searchModules(later find: @escaping () -> LuaSearchFolders) throws(LuaError) {
    laterFolders = find
    try Self.changePath("path", lua) { path in
      firstEntry = path.split(separator: ";").first.map { String($0) }
      return nil
    }
    lua.host.pointee.search_begins = { raw in
      guard let raw else { return }
      let lua = LuaState(raw)
      let scheduler = Scheduler.of(lua)
      guard let folders = scheduler.laterFolders?() else { return }
      scheduler.laterFolders = nil
      // A script that has taken `package` away finds what it has left to find.
      try? scheduler.add(folders, lua)
    }
  }

  private func add(_ folders: LuaSearchFolders, _ lua: LuaState) throws(LuaError) {
    let before = folders.before.filter(Self.isUsable)
    let trees = folders.trees.filter(Self.isUsable)
    if !before.isEmpty || !trees.isEmpty {
      try Self.changePath("path", lua) { path in
        var entries = path.split(separator: ";")
        // What a script has put first itself stays first.
        let own = ownPath.split(separator: ";").last.flatMap { entries.lastIndex(of: $0) }
        let system = firstEntry.flatMap { first in entries.firstIndex { $0 == first } }
        entries.insert(
          contentsOf: Self.templates(before).split(separator: ";"), at: own.map { $0 + 1 } ?? system ?? entries.count)
        entries += Self.templates(trees.map { $0 + "/share/lua/5.4" }).split(separator: ";")
        return entries.joined(separator: ";")
      }
    }
    if !trees.isEmpty {
      try Self.changePath("cpath", lua) { ([$0] + trees.map { $0 + "/lib/lua/5.4/?.so" }).joined(separator: ";") }
    }
  }

  /// Sets package.path or package.cpath to what `change` makes of it, unless that is nil. One that is no text is left for
  /// Lua's own error.
  private static func changePath(_ name: String, _ lua: LuaState, _ change: (String) -> String?) throws(LuaError) {
    try lua.getGlobal("package")
    defer { lua.pop() }
    try lua.getField(name, of: -1)
    let path = lua.string(at: -1)
    lua.pop()
    guard let changed = path.flatMap(change) else { return }
    lua.push(changed)
    try lua.setField(name, of: -2)
  }

  private static func templates(_ folders: [String]) -> String {
    folders.map { "\($0)/?.lua;\($0)/?/init.lua" }.joined(separator: ";")
  }

  /// A search path has no way to write these characters.
  private static func isUsable(_ folder: String) -> Bool { !folder.contains { $0 == ";" || $0 == "?" } }

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
    host.pointee.take_turn = { raw in
      guard let raw else { return 0 }
      let lua = LuaState(raw)
      do { return try Scheduler.of(lua).takeTurn(lua) } catch {
        lua.push(error: error)
        return LuaState.error
      }
    }
    host.pointee.interrupted = { raw in
      guard let raw else { return 0 }
      return Scheduler.of(LuaState(raw)).stopLoop(LuaState(raw))
    }
  }

  /// Another task is loading the module at index 1.
  private func waitForModule(_ lua: LuaState) throws -> Int32 {
    let name: String = try lua.read(1)
    let task = try beginAwait(lua)
    if let loader = loader(of: name), waits(loader, for: task) {
      throw AwaitError(
        message: "module '\(name)' requires itself: task \(loader.id), which loads it, waits for this one")
    }
    task.wait = .module(name)
    moduleWaiters[name, default: []].append(task)
    return LuaState.await
  }

  /// The task that is loading the module.
  func loader(of name: String) -> LuaTask? {
    lua.push(name)
    defer { lua.pop() }
    guard let control = lb_loader(lua.raw, -1) else { return nil }
    return live.values.first { $0.control == control }
  }

  private func moduleLoaded(_ name: String) {
    for task in moduleWaiters.removeValue(forKey: name) ?? [] {
      task.lua.push(true)
      makeReady(task, 1)
    }
  }
}
