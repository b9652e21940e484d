import CLua
import CLuaBoundary
public import LuaKit

/// A Lua universe whose coroutines wait without blocking: runs scripts as tasks over Swift concurrency.
///
/// ```swift
/// let executor = LuaExecutor()
/// try executor.run {
///   let runtime = try LuaRuntime(executor: executor)
///   try await runtime.preload("clock") { module in
///     module.function("now") { lua in lua.push(1); return 1 }
///   }
///   try await runtime.run(.file("script.lua"))
///   await runtime.close()
/// }
/// ```
public actor LuaRuntime {
  /// The executor that runs the Lua thread.
  public nonisolated let executor: LuaExecutor
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  // Unsafe only in that init writes it where the compiler cannot see the isolation; read through `scheduler`.
  private nonisolated(unsafe) let storedScheduler: Scheduler
  var isClosed = false
  /// What is done with a failure that no script asked for; by default it is printed on standard error.
  var report: @Sendable (LuaError) -> Void = { LuaRuntime.printUnawaited($0) }

  /// Which task's operation the current Swift task is.
  @TaskLocal static var currentTask: Int?

  /// Makes a universe with the standard libraries and the module `task`.
  ///
  /// - Throws: ``LuaError`` when there is no memory for it.
  public init(executor: LuaExecutor) throws(LuaError) {
    self.executor = executor
    let lua = try LuaState.make()
    storedScheduler = Scheduler(lua: lua, executor: executor)
    storedScheduler.runtime = self
    try storedScheduler.preload("task", TaskModule.build)
    try storedScheduler.installExit()
  }

  var scheduler: Scheduler {
    precondition(!isClosed, "a LuaRuntime that was closed")
    return storedScheduler
  }

  /// The runtime of the universe that a Lua thread belongs to.
  public nonisolated static func of(_ lua: LuaState) -> LuaRuntime { Scheduler.of(lua).runtime }

  /// Closes the universe. No task may be left; ``finish()`` sees to that.
  public func close() {
    guard !isClosed else { return }
    let scheduler = self.scheduler
    isClosed = true
    scheduler.lua.close()
  }

  // MARK: Modules

  /// Makes a module available to `require`; it is built at the first one.
  ///
  /// - Parameters:
  ///   - name: "kdev.disk".
  ///   - build: Fills the module's table; may throw, which fails the `require`.
  public func preload(_ name: String, _ build: @escaping @Sendable (LuaModule) throws -> Void) throws(LuaError) {
    try scheduler.preload(name, build)
  }

  /// Has `require` ask `find` for the modules that are nowhere else.
  ///
  /// - Parameters:
  ///   - find: Gives the module's source by its name, or nil.
  ///   - meant: Gives the name that was perhaps meant by one that is found nowhere.
  public func addModuleSource(
    _ find: @escaping @Sendable (String) -> LuaModuleSource?,
    meant: @escaping @Sendable (String) -> String? = { _ in nil }
  ) throws(LuaError) {
    try scheduler.addModuleSource(find, meant: meant)
  }

  /// Has `require` look for Lua modules in `directory` first.
  public func searchModules(in directory: String) throws(LuaError) {
    try scheduler.searchModules(in: directory)
  }

  /// Has `require` look in folders that are asked for when a module is first looked for, and never when none is.
  public func searchModules(later find: @escaping @Sendable () -> LuaSearchFolders) throws(LuaError) {
    try scheduler.searchModules(later: find)
  }

  /// Gives the Lua thread to `body`, to set globals and the like. No Lua code may wait in it.
  public func withState<Result: Sendable>(_ body: @Sendable (LuaState) throws -> Result) rethrows -> Result {
    let lua = scheduler.lua
    let top = lua.top
    defer { lua_settop(lua.raw, top) }
    return try body(lua)
  }

  /// Has the functions of the module `task` take times as text, too.
  ///
  /// - Parameters:
  ///   - expected: What to say of a text that is none.
  ///   - read: Gives the seconds of a text, or nil.
  public func readTimes(expected: String, by read: @escaping @Sendable (String) -> Double?) {
    scheduler.times = (read, expected)
  }

  // MARK: For the scheduler

  func pump() { scheduler.pump() }

  func perform(_ operation: LuaOperation, for id: Int) async {
    let result: Result<any LuaResult & Sendable, any Error>
    do {
      result = .success(try await LuaRuntime.$currentTask.withValue(id) { try await operation.body() })
    } catch { result = .failure(error) }
    scheduler.complete(id, with: result)
  }
}
