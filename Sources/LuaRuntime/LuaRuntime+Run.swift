import CLua
import CLuaBoundary
import Glibc
public import LuaKit

/// What a runtime runs.
public enum LuaScript: Sendable {
  /// A file; its directory is searched for modules first.
  case file(String)
  /// Source text under a chunk name: "=(command line)", "@path".
  case source(String, name: String)
  /// The same with text that need not be UTF-8.
  case bytes([UInt8], name: String)
}

extension LuaRuntime {
  /// Runs a script as the main task, then cancels what it has left running, waits for it, and reports the failures that
  /// nobody asked for.
  ///
  /// - Parameters:
  ///   - script: The script.
  ///   - arguments: What the script gets as `...` and as `arg[1]`, `arg[2]`, ...
  ///   - name: `arg[0]`; the file's path by default.
  ///   - host: `arg[-1]`, the program that runs it.
  ///   - onMain: Runs it on the universe's main thread and in no task, as the program `lua` does: nothing in it can wait.
  /// - Throws: ``LuaError``, with the traceback of the script; `underlying` is ``Cancelled`` after an interrupt.
  public func run(
    _ script: LuaScript, arguments: [String] = [], name: String? = nil, host: String = "kdevlua", onMain: Bool = false
  ) async throws(LuaError) {
    // Without a gap up to the end: an interrupt that found nobody would end the program and leave tasks behind.
    scheduler.listenForInterrupts(true)
    defer { scheduler.listenForInterrupts(false) }
    let failure: LuaError?
    do {
      setArguments(arguments, name: name ?? script.name, host: host)
      let values = arguments.map { LuaValue.string($0) }
      if onMain { try callOnMain(script, values) } else { _ = try await evaluate(script, arguments: values) }
      failure = nil
    } catch { failure = error }
    await finish()
    if let failure { throw failure }
  }

  /// Runs a script as the main task and leaves the tasks that it spawned running.
  ///
  /// - Returns: Its results as `tostring` gives them.
  /// - Throws: ``LuaError`` with the traceback of the script.
  public func evaluate(_ script: LuaScript, arguments: [LuaValue] = []) async throws(LuaError) -> [String] {
    let lua = scheduler.lua
    try load(script)
    let count = try await outcome(ofMain: try scheduler.spawn(arguments: arguments))
    defer { lua.pop(count) }
    return (0..<count).map { lua.describe(at: lua.top - count + 1 + $0) }
  }

  /// Runs a script as the main task, then `use` as another one with the results as its arguments; an interrupt ends
  /// either. The tasks that the script spawned are left running.
  ///
  /// - Parameter use: A function that Lua calls; it may call Lua's, and what it pushes is dropped.
  /// - Throws: ``LuaError`` of the script or of `use`, with a traceback.
  public func evaluate(
    _ script: LuaScript, then use: @escaping @Sendable (LuaState) throws -> Void
  ) async throws(LuaError) {
    let scheduler = self.scheduler
    let lua = scheduler.lua
    try load(script)
    let count = try await outcome(ofMain: try scheduler.spawn(arguments: []))
    lua.push(function: { lua in
      try use(lua)
      return 0
    })
    lb_insert(lua.raw, -count - 1)
    let reader = scheduler.spawn(from: lua, arguments: count)
    reader.isAwaitedBySwift = true
    lua.pop(try await outcome(ofMain: reader))
  }

  private func outcome(ofMain task: LuaTask) async throws(LuaError) -> Int32 {
    let scheduler = self.scheduler
    scheduler.main = task
    scheduler.listenForInterrupts(true)
    defer {
      scheduler.main = nil
      scheduler.listenForInterrupts(false)
    }
    return try await outcome(of: task)
  }

  /// Has an interrupt stop a task that never waits, also while no script runs.
  public func listenForInterrupts(_ on: Bool) { scheduler.listenForInterrupts(on) }

  /// Has `note` called when a task has failed that nobody waits for, and when a script calls os.exit; ``takeFailures()``
  /// and ``exitStatus`` tell which.
  public func onNews(_ note: @escaping @Sendable () -> Void) { scheduler.onNews = note }

  /// The failures of tasks that nobody has asked for yet, each once. A script can still await the task.
  public func takeFailures() -> [LuaError] {
    var errors: [LuaError] = []
    for task in scheduler.failed.values.sorted(by: { $0.id < $1.id }) {
      if let error = task.failure() { errors.append(error) }
      scheduler.observe(task)
    }
    return errors
  }

  /// Calls a Lua function as a task of its own, which may wait, and waits for its results.
  ///
  /// A cancelled caller cancels the task and waits until it has cleaned up. Called from an operation, the task inherits
  /// the context of the one that waits for the operation.
  ///
  /// - Throws: ``LuaError``: what the function raised, or a result that is not plain data.
  public func call(_ function: LuaReference, _ arguments: [LuaValue] = []) async throws(LuaError) -> [LuaValue] {
    try await call(function, arguments, for: Self.currentTask)
  }

  /// The same for the operation of task `caller`.
  func call(_ function: LuaReference, _ arguments: [LuaValue], for caller: Int?) async throws(LuaError) -> [LuaValue] {
    let scheduler = self.scheduler
    let lua = scheduler.lua
    lua.push(function)
    let caller = caller.flatMap { scheduler.live[$0] }
    let task = try scheduler.spawn(arguments: arguments, context: caller?.context ?? [:])
    task.scope = caller?.group ?? caller?.scope
    let count = try await outcome(of: task)
    defer { lua.pop(count) }
    var results: [LuaValue] = []
    for position in 0..<count {
      do { results.append(try LuaValue.read(lua, at: lua.top - count + 1 + position)) } catch {
        throw LuaError("result #\(position + 1) of a callback: \(error.message)", underlying: error)
      }
    }
    return results
  }

  /// Calls a Lua function as a task of its own, with arguments and results that need not be plain data. A cancelled caller cancels
  /// the task and waits until it has cleaned up.
  ///
  /// - Parameters:
  ///   - push: Pushes the function and its arguments; gives how many arguments, and the context of the task.
  ///   - use: Reads the results: so many values on top.
  /// - Throws: What `push` and `use` throw, and ``LuaError``, what the function raised.
  public func call<Value: Sendable>(
    pushing push: @Sendable (LuaState) throws -> (arguments: Int32, context: [String: any Sendable]),
    then use: @Sendable (LuaState, Int32) throws -> Value
  ) async throws -> Value {
    guard !isClosed else { throw LuaError("the script has ended") }
    let scheduler = self.scheduler
    let lua = scheduler.lua
    let top = lua.top
    let task: LuaTask
    do {
      let (count, context) = try push(lua)
      task = scheduler.spawn(from: lua, arguments: count, context: context)
    } catch {
      lua_settop(lua.raw, top)
      throw error
    }
    task.isAwaitedBySwift = true
    let count = try await outcome(of: task)
    defer { lua.pop(count) }
    return try use(lua, count)
  }

  /// Has an operation run in a task of its own, which nobody waits for before the end of the script; there it is
  /// cancelled. Called from another operation, whose context it inherits.
  public func begin(_ operation: LuaOperation) {
    let scheduler = self.scheduler
    let caller = Self.currentTask.flatMap { scheduler.live[$0] }
    scheduler.lua.push(function: { lua in try lua.await(operation) })
    let task = scheduler.spawn(from: scheduler.lua, arguments: 0, context: caller?.context ?? [:])
    if let caller { scheduler.endLate(task, with: caller) }
    scheduler.pump()
  }

  /// Cancels all tasks, waits until they have cleaned up, and reports the failures that nobody asked for.
  public func finish() async {
    let scheduler = self.scheduler
    scheduler.listenForInterrupts(true)
    defer { scheduler.listenForInterrupts(false) }
    scheduler.isEnding = true
    defer { scheduler.isEnding = false }
    // A close handler may spawn: so again, until none is left.
    while !scheduler.live.isEmpty {
      for task in scheduler.live.values.sorted(by: { $0.id < $1.id }) { scheduler.cancel(task) }
      await withCheckedContinuation { continuation in
        scheduler.onIdle = { continuation.resume() }
        scheduler.pump()
      }
    }
    for error in takeFailures() { report(error) }
  }

  /// Has `report` called, instead of printing, for each failure of a task that no script asked for.
  public func onUnawaitedError(_ report: @escaping @Sendable (LuaError) -> Void) { self.report = report }

  /// How many tasks have not ended.
  public var liveTasks: Int { scheduler.live.count }

  // MARK: Details

  /// Pushes the script as a function.
  private func load(_ script: LuaScript) throws(LuaError) {
    switch script {
    case .file(let path):
      try scheduler.searchModules(in: Self.directory(of: path))
      try scheduler.lua.loadFile(path)
    case .source(let source, let name): try scheduler.lua.load(source, name: name)
    case .bytes(let source, let name): try scheduler.lua.load(source, name: name)
    }
  }

  private func callOnMain(_ script: LuaScript, _ arguments: [LuaValue]) throws(LuaError) {
    let scheduler = self.scheduler
    let lua = scheduler.lua
    try load(script)
    try lua.ensureStack(Int32(clamping: arguments.count) + 8)
    for argument in arguments { lua.push(argument) }
    scheduler.runsOnMain = true
    scheduler.listenForInterrupts(true)
    defer {
      scheduler.runsOnMain = false
      lua.host.pointee.outside.shielded = false
      scheduler.listenForInterrupts(false)
    }
    if lb_call_main(lua.raw, Int32(arguments.count), 0) != LUA_OK { throw lua.popError() }
  }

  /// Waits for a task and pushes its results on the main thread's stack.
  private func outcome(of task: LuaTask) async throws(LuaError) -> Int32 {
    let scheduler = self.scheduler
    let id = task.id
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // A caller that was cancelled before may have ended the task already.
        guard task.outcome == nil else { return continuation.resume() }
        task.onFinish = { continuation.resume() }
        // `self`, so that the closure is the actor's: one that only captures the scheduler leaves its thread.
        self.scheduler.pump()
      }
    } onCancel: {
      Task(executorPreference: executor) { await self.cancel(id) }
    }
    defer {
      scheduler.observe(task)
      scheduler.dropAnchor(of: task)
    }
    if let failure = task.failure() { throw failure }
    return try task.pushResults(onto: scheduler.lua)
  }

  private func cancel(_ id: Int) {
    guard let task = scheduler.live[id] else { return }
    scheduler.cancel(task)
    scheduler.pump()
  }

  /// Sets the global `arg`.
  ///
  /// - Parameters:
  ///   - arguments: `arg[1]`, `arg[2]`, ...
  ///   - name: `arg[0]`, the script.
  ///   - host: `arg[-1]`, the program that runs it.
  public func setArguments(_ arguments: [String], name: String, host: String) {
    let lua = scheduler.lua
    lua.newTable(elements: arguments.count, fields: 2)
    for (offset, argument) in ([host, name] + arguments).enumerated() {
      lua.push(argument)
      lua_rawseti(lua.raw, -2, lua_Integer(offset - 1))
    }
    lb_push_globals(lua.raw)
    lua.pushCopy(at: -2)
    lua.rawSet("arg", of: -2)
    lua.pop(2)
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "" : String(path[..<slash])
  }

  static func printUnawaited(_ error: LuaError) {
    let text = "error in a task that nobody awaited: \(error)\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }
}

extension LuaScript {
  var name: String {
    switch self {
    case .file(let path): path
    case .source(_, let name), .bytes(_, let name): String(name.drop { $0 == "@" || $0 == "=" })
    }
  }
}
