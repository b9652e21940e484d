import CLua
import CLuaBoundary
import LuaKit
import Suite

/// The Lua state in which all scripts of a merge run, with the names that teuthology gives them and no others.
///
/// What a script can reach is made here and nowhere else. Nothing of it outlives a script: each has an environment of
/// its own, libraries cannot be changed, and neither functions nor tables can be stored in a job.
final class ScriptUniverse {
  let lua: LuaState
  let raw: OpaquePointer
  let heap: ObjectHeap
  let context: ScriptContext
  /// Where `math.random` was asked for.
  let drawn: UnsafeMutablePointer<Bool>

  /// What a script may do; a premerge script takes a few hundred instructions.
  static let instructionLimit = 20_000_000
  static let timeLimit = 10.0
  static let memoryLimit = 256 << 20
  static let textLimit = 64 << 20

  /// Names of Lua's own that scripts have (teuthology's suite/fragment-merge.lua allows these).
  private static let allowed = ["assert", "error", "ipairs", "next", "pairs", "tonumber", "tostring"]
  private static let libraries = ["math", "string"]

  /// Names whose values are the same for all scripts.
  static let constantNames: Set = [
    "accept", "reject", "deep_merge", "yaml_load", "log", "base_config", "seed", "suite_name", "filter_in",
    "filter_out",
    "filter_all", "filter_fragments",
  ]
  /// All names that a script may find.
  static var allNames: Set<String> {
    constantNames.union(allowed).union(libraries).union(PythonBuiltins.functions.map(\.0))
      .union(Variable.allCases.map(\.rawValue))
  }

  // References into the registry.
  private(set) var handles: Int32 = 0
  private(set) var items: Int32 = 0
  private(set) var attributes: Int32 = 0
  /// How many handles these two have kept.
  var keptHandles = 0
  private static let handleLimit = 20_000

  // Places on the stack of the main thread, which stay as long as the state.
  private var environment: Int32 = 0
  /// Compiled scripts, by number: those of late, and those of before, which end when there are too many of late.
  private var functions: Int32 = 0
  private var oldFunctions: Int32 = 0
  private var functionCount = 0
  private var functionBytes = 0
  private(set) var thread: Int32 = 0
  private var constants: [(key: Int32, value: Int32)] = []
  private var names: [Variable: Int32] = [:]

  /// Names whose values differ from script to script.
  enum Variable: String, CaseIterable {
    case description, yaml
    case yamlFragment = "yaml_fragment"
    case fragmentPaths = "frag_paths"
    case basePaths = "base_frag_paths"
    case osType = "os_type"
    case osVersion = "os_version"
    case wantedVersion = "wanted_os_version"
    case thisVersion = "this_os_version"
  }

  init(_ context: ScriptContext) throws(LuaError) {
    lua = try LuaState.makeLimited(memory: Self.memoryLimit)
    raw = lua.raw
    self.context = context
    heap = context.heap
    drawn = .allocate(capacity: 1)
    drawn.initialize(to: false)
    try lua.ensureStack(200)
    try seed()
    makeHandles()
    makeEnvironment()
    makeConstants()
    lua.newTable()
    functions = lua.top
    lua.newTable()
    oldFunctions = lua.top
    _ = lua_newthread(raw)
    thread = lua.top
  }

  deinit {
    lua.close()
    drawn.deallocate()
  }

  private var own: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  private func seed() throws(LuaError) {
    try lua.load("math.randomseed(...)", name: "=seed")
    lua_pushinteger(raw, lua_Integer(context.seed))
    try lua.call(arguments: 1)
  }

  /// The metatable of all handles, and where those of nodes are kept: the same object is the same userdata.
  private func makeHandles() {
    lua.newTable(fields: 8)
    let metatable = lua.top
    lua.push("POBJECT")
    lua.rawSet("__name", of: metatable)
    lua.push(false)
    lua.rawSet("__metatable", of: metatable)
    for (event, function) in ItemAccess.events {
      lb_push_bound(raw, own, function)
      lua.rawSet(event, of: metatable)
    }
    handles = luaL_ref(raw, lb_registry())
    makeHandleTables()
  }

  private func makeHandleTables() {
    lua.newTable()
    items = luaL_ref(raw, lb_registry())
    lua.newTable()
    attributes = luaL_ref(raw, lb_registry())
  }

  /// Makes another thread for scripts. One that an error has ended, thrown by the hook, calls no hook again: the scripts that
  /// follow would have no limits.
  func renewThread() {
    lua.limit(instructions: nil)
    _ = lua_newthread(raw)
    lua_copy(raw, -1, thread)
    lua.pop()
  }

  /// Lets go of handles when there are very many, of which no script needs any more; to be called between scripts.
  func forgetHandles() {
    guard keptHandles > Self.handleLimit else { return }
    luaL_unref(raw, lb_registry(), items)
    luaL_unref(raw, lb_registry(), attributes)
    makeHandleTables()
    keptHandles = 0
  }

  /// The metatable of environments: what is not in a script's own is looked for here.
  private func makeEnvironment() {
    lua.newTable()
    let allowlist = lua.top
    for name in Self.allowed {
      lb_push_globals(raw)
      lua.push(name)
      lua_rawget(raw, -2)
      lb_remove(raw, -2)
      lua.rawSet(name, of: allowlist)
    }
    for name in Self.libraries {
      lb_push_library(raw, name, drawn)
      lua.rawSet(name, of: allowlist)
    }
    for (name, function) in PythonBuiltins.functions {
      lb_push_bound(raw, own, function)
      lua.rawSet(name, of: allowlist)
    }
    lua.newTable(fields: 1)
    environment = lua.top
    lua_pushvalue(raw, allowlist)
    lua.rawSet("__index", of: environment)
    // Only its metatable is needed by itself.
    lb_remove(raw, allowlist)
    environment = lua.top
  }

  private func makeConstants() {
    func constant(_ name: String, _ push: () -> Void) {
      assert(Self.constantNames.contains(name))
      lua.push(name)
      push()
      constants.append((lua.top - 1, lua.top))
    }
    constant("accept") { lb_push_accept(raw) }
    constant("reject") { lb_push_reject(raw) }
    constant("deep_merge") { lb_push_bound(raw, own, PythonBuiltins.deepMerge) }
    constant("yaml_load") { lb_push_bound(raw, own, PythonBuiltins.yamlLoad) }
    constant("log") { pushHandle(raw, .log, 0) }
    constant("base_config") { pushHandle(raw, .base, UInt64(0)) }
    constant("seed") { lua_pushinteger(raw, lua_Integer(context.seed)) }
    constant("suite_name") { _ = push(context.suiteName, raw) }
    constant("filter_in") { _ = push(context.filterIn, raw) }
    constant("filter_out") { _ = push(context.filterOut, raw) }
    constant("filter_all") { _ = push(context.filterAll, raw) }
    constant("filter_fragments") { lua.push(context.filterFragments) }
    for name in Variable.allCases {
      lua.push(name.rawValue)
      names[name] = lua.top
    }
  }

  // MARK: Compiled scripts

  /// A generation of scripts has so many, or so many bytes of text.
  private static let generation = (count: 512, bytes: 4 << 20)

  /// Pushes a script that was compiled before, if it is still there; else nothing.
  func pushFunction(_ number: Int) -> Bool {
    let key = lua_Integer(number) + 1
    if lua_rawgeti(raw, functions, key) == LUA_TFUNCTION { return true }
    lua.pop()
    if lua_rawgeti(raw, oldFunctions, key) == LUA_TFUNCTION {
      lua_pushvalue(raw, -1)
      lua_rawseti(raw, functions, key)
      functionCount += 1
      return true
    }
    lua.pop()
    return false
  }

  /// Pops a script and keeps it by its number.
  func keepFunction(_ number: Int, size: Int) {
    if functionCount >= Self.generation.count || functionBytes >= Self.generation.bytes {
      lua_copy(raw, functions, oldFunctions)
      lua.newTable()
      lua_copy(raw, -1, functions)
      lua.pop()
      (functionCount, functionBytes) = (0, 0)
    }
    lua_rawseti(raw, functions, lua_Integer(number) + 1)
    functionCount += 1
    functionBytes += size
  }

  // MARK: Environments

  /// Pushes an environment for one script.
  func pushEnvironment() {
    lua_createtable(raw, 0, 32)
    let table = lua.top
    for (key, value) in constants {
      lua_pushvalue(raw, key)
      lua_pushvalue(raw, value)
      lua_rawset(raw, table)
    }
    set(.description, context.description, table)
    set(.yaml, context.yaml, table)
    set(.fragmentPaths, context.fragmentPaths, table)
    set(.basePaths, heap.makeList(context.basePaths), table)
    if !context.fragment.isNone { set(.yamlFragment, context.fragment, table) }
    if !context.osType.isNone { set(.osType, context.osType, table) }
    if !context.osVersion.isNone { set(.osVersion, context.osVersion, table) }
    if let versions = context.comparedVersions {
      set(.wantedVersion, heap.text(versions.wanted), table)
      set(.thisVersion, heap.text(versions.this), table)
    }
    for global in context.globals {
      pushTable(global.value)
      lua.rawSet(global.name, of: table)
    }
    lua_pushvalue(raw, environment)
    lua_setmetatable(raw, table)
  }

  /// Pushes a global that is not teuthology's as Lua's own data, where what is missing is nil; a copy for each script.
  private func pushTable(_ object: Object) {
    guard object.isContainer, lua_checkstack(raw, 8) != 0 else {
      push(object, raw)
      return
    }
    lua.newTable()
    let table = lua.top
    for place in 0..<heap.count(object) {
      if object.tag == .dict {
        push(heap.key(object, at: place), raw)
        pushTable(heap.value(object, at: place))
        if lua_type(raw, -2) == LUA_TNIL { lua.pop(2) } else { lua_rawset(raw, table) }
      } else {
        pushTable(heap.item(object, at: place))
        lua_rawseti(raw, table, lua_Integer(place) + 1)
      }
    }
  }

  private func set(_ name: Variable, _ value: Object, _ table: Int32) {
    guard let key = names[name] else { return }
    lua_pushvalue(raw, key)
    if push(value, raw) {
      lua_rawset(raw, table)
    } else {
      lua.pop()
    }
  }
}
