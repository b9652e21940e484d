import CLua
import CLuaBoundary
import LuaKit

/// The tasks of one Lua universe. Touched only on its thread: by jobs of the actor that owns it, by timers of its
/// executor, and by functions that Lua calls.
final class Scheduler {
  let lua: LuaState
  let executor: LuaExecutor
  private unowned(safe) var owner: LuaRuntime?

  /// The tasks that have not ended. The scheduler roots them: one that nobody holds goes on.
  var live: [Int: LuaTask] = [:]
  private(set) var current: LuaTask?
  var main: LuaTask?
  /// A script runs on the main thread, in no task.
  var runsOnMain = false
  /// What os.exit was called with.
  var exitStatus: Int32?
  /// Tasks that failed before anyone asked for their outcome.
  var failed: [Int: LuaTask] = [:]
  var moduleWaiters: [String: [LuaTask]] = [:]
  /// The part of package.path that is the script's own folder.
  var ownPath = ""
  /// The first entry of the package.path that Lua was built with.
  var firstEntry: String?
  /// Where else `require` looks, asked when it first does.
  var laterFolders: (() -> LuaSearchFolders)?
  var onIdle: (() -> Void)?
  /// Operations that have begun and not yet ended.
  var operations = 0
  /// The run is over: what is left has been cancelled.
  var isEnding = false
  /// Nothing but the handlers of resources may wait any more.
  var isHurried = false
  /// What was spawned since then, with the task that did it.
  private var late: [(task: LuaTask, spawner: LuaTask)] = []
  /// How many runs, one inside the other, an interrupt may reach.
  var listeners = 0
  /// Called when a task has failed that nobody waits for, and when the script asks to end.
  var onNews: (() -> Void)?

  /// How a time that is written as text is read, and what to say where that gives nil.
  var times: (read: (String) -> Double?, expected: String)?

  private var nextID = 1
  private var ready: [(task: LuaTask, arguments: Int32)] = []
  private var readyHead = 0
  private var isPumping = false

  init(lua: LuaState, executor: LuaExecutor) {
    self.lua = lua
    self.executor = executor
    lua.host.pointee.scheduler = Unmanaged.passUnretained(self).toOpaque()
    lua.host.pointee.wake = executor.wakeWriter
    installCallbacks()
    lua.storage.earlierTraceback = { [unowned self] value in
      guard let delivered = current?.delivered, delivered.value == value else { return nil }
      return delivered.traceback
    }
  }

  /// The actor that owns this; it lives longer.
  var runtime: LuaRuntime {
    get {
      guard let owner else { preconditionFailure("a scheduler without its runtime") }
      return owner
    }
    set { owner = newValue }
  }

  /// The scheduler of the universe that a thread belongs to.
  static func of(_ lua: LuaState) -> Scheduler {
    guard let pointer = lua.host.pointee.scheduler else { preconditionFailure("a Lua state without a runtime") }
    return Unmanaged<Scheduler>.fromOpaque(pointer).takeUnretainedValue()
  }

  // MARK: The life of a task

  /// Makes a task, for Swift to wait for, of the function on top of the main thread's stack, which is popped.
  func spawn(arguments: [LuaValue], context: [String: any Sendable]? = nil) throws(LuaError) -> LuaTask {
    try lua.ensureStack(Int32(clamping: arguments.count) + 8)
    for argument in arguments { lua.push(argument) }
    let task = spawn(from: lua, arguments: Int32(arguments.count), context: context)
    task.isAwaitedBySwift = true
    return task
  }

  /// Makes a task of the function and its arguments on top of `from`, which are popped. It starts at its turn.
  func spawn(from: LuaState, arguments: Int32, context: [String: any Sendable]? = nil) -> LuaTask {
    // A new thread has room for 20 values, which few functions exceed.
    let raw: OpaquePointer = lua_newthread(lua.raw)
    let task = LuaTask(
      id: nextID, lua: LuaState(raw), anchor: luaL_ref(lua.raw, lb_registry()),
      context: context ?? current?.context ?? [:])
    nextID += 1
    live[task.id] = task
    if isEnding, let current {
      // Only a close handler may still spawn.
      if current.isClosing { late.append((task, current)) } else { task.control.pointee.cancelled = true }
    }
    if isHurried {
      task.control.pointee.hurried = true
      task.control.pointee.cancelled = true
    }
    lb_push_body(raw)
    if arguments > 15 { lua_checkstack(raw, arguments + 5) }
    lua_xmove(from.raw, raw, arguments + 1)
    makeReady(task, arguments + 1)
    return task
  }

  /// What a close handler starts when the run is over does not outlive its task.
  func endLate(_ task: LuaTask, with spawner: LuaTask) {
    if isEnding || task.scope != nil { late.append((task, spawner)) }
  }

  /// Queues a task whose thread has `arguments` values for it on top.
  func makeReady(_ task: LuaTask, _ arguments: Int32) {
    task.wait = .turn
    ready.append((task, arguments))
  }

  /// Runs the queue, unless it runs already, as it does when Lua code is on the stack. After a while it lets timers and
  /// operations have their turn.
  func pump() {
    executor.checkIsolated()
    guard !isPumping else { return }
    isPumping = true
    lua.collectReferences()
    var budget = 1000
    while readyHead < ready.count, budget > 0 {
      let (task, arguments) = ready[readyHead]
      readyHead += 1
      budget -= 1
      step(task, arguments)
    }
    isPumping = false
    if readyHead < ready.count {
      let runtime = runtime
      Task(executorPreference: executor) { await runtime.pump() }
      // Tasks that take turns never leave it empty.
      if readyHead > 4096, readyHead * 2 > ready.count {
        ready.removeSubrange(..<readyHead)
        readyHead = 0
      }
    } else {
      ready.removeAll(keepingCapacity: ready.count < 4096)
      readyHead = 0
      endDeadlock()
      if !ready.isEmpty {
        let runtime = runtime
        Task(executorPreference: executor) { await runtime.pump() }
      }
    }
    if live.isEmpty, let onIdle {
      self.onIdle = nil
      onIdle()
    }
  }

  private func step(_ task: LuaTask, _ arguments: Int32) {
    guard task.outcome == nil else { return }
    task.wait = .nothing
    if !task.hasStarted {
      task.hasStarted = true
      if task.control.pointee.cancelled {
        task.lua.push(error: Cancelled(interrupted: task.interrupted))
        return finish(task, .failure)
      }
    }
    let previous = current
    current = task
    var count: Int32 = 0
    let status = lb_resume(task.lua.raw, lua.raw, task.control, arguments, &count)
    current = previous
    switch status {
    case LUA_YIELD where lb_is_await(task.lua.raw, count):
      task.lua.pop()
      guard task.takesTurn else { break }
      task.takesTurn = false
      task.lua.push(true)
      makeReady(task, 1)
    case LUA_YIELD:
      // A function of a C module yielded by itself.
      task.lua.pop(count)
      makeReady(task, 0)
    case LUA_OK: finish(task, task.control.pointee.failed ? .failure : .success(count))
    default: finish(task, .failure)
    }
  }

  private func finish(_ task: LuaTask, _ outcome: LuaTask.Outcome) {
    task.outcome = outcome
    live[task.id] = nil
    if !late.isEmpty {
      let left = late.filter { $0.spawner === task }
      late.removeAll { $0.spawner === task || $0.task === task }
      for (task, _) in left { cancel(task) }
    }
    if case .failure = outcome {
      task.traceback = lua.takeTraceback(of: lua_topointer(task.lua.raw, -1))
      if !task.failedByCancellation { failed[task.id] = task }
    }
    for waiter in task.waiters { deliver(task, to: waiter) }
    task.waiters = []
    let scope = task.scope.flatMap { $0.children.removeValue(forKey: task.id) == nil ? nil : $0 }
    task.scope = nil
    if failed[task.id] != nil, task.group == nil, scope?.isScope != true, !task.isAwaitedBySwift { onNews?() }
    defer { if let scope { childFinished(task, scope) } }
    if let group = task.group { return groupMemberFinished(task, group) }
    if task.isAwaitedBySwift {
      failed[task.id] = nil
      task.onFinish?()
      task.onFinish = nil
      return
    }
    dropAnchor(of: task)
  }

  /// From here on only a handle keeps the thread, and so the results. A failure nobody has seen keeps it, too. Once is enough,
  /// and twice does no harm.
  func dropAnchor(of task: LuaTask) {
    guard failed[task.id] == nil else { return }
    luaL_unref(lua.raw, lb_registry(), task.anchor)
    task.anchor = LUA_NOREF
  }

  /// Someone got the outcome.
  func observe(_ task: LuaTask) {
    // Swift still has to take it.
    if failed.removeValue(forKey: task.id) != nil, task.group == nil, !task.isAwaitedBySwift { dropAnchor(of: task) }
  }

  /// Gives the outcome of `task` to one that joined it.
  private func deliver(_ task: LuaTask, to waiter: LuaTask) {
    if waiter.joinsToClose {
      waiter.joinsToClose = false
      waiter.lua.push(true)
      return makeReady(waiter, 1)
    }
    if isFailure(task) {
      waiter.lua.push(false)
      task.pushFailure(to: waiter, onto: waiter.lua)
      observe(task)
      makeReady(waiter, 2)
    } else {
      deliverResults(of: task, to: waiter)
    }
  }

  /// Has the await of `waiter` give the results of a task that succeeded.
  func deliverResults(of task: LuaTask, to waiter: LuaTask) {
    let top = waiter.lua.top
    waiter.lua.push(true)
    do throws(LuaError) { makeReady(waiter, 1 + (try task.pushResults(onto: waiter.lua))) } catch {
      lua_settop(waiter.lua.raw, top)
      waiter.lua.push(false)
      waiter.lua.push(error: error, awaitedAt: waiter.leaf.location())
      makeReady(waiter, 2)
    }
  }

  func isFailure(_ task: LuaTask) -> Bool {
    if case .failure = task.outcome { true } else { false }
  }

  // MARK: Waiting

  /// The task that is about to wait, called from the function at the top of `lua`.
  ///
  /// - Throws: ``Cancelled`` when it was cancelled and is not cleaning up; ``AwaitError`` where nothing can wait.
  func beginAwait(_ lua: LuaState) throws -> LuaTask {
    guard let task = current else {
      throw AwaitError(message: "cannot wait here: outside of a task\(runsOnMain ? "; run without --main" : "")")
    }
    // Asked before anything is begun: what is begun and not waited for would come to another await of the task.
    if let blocker = lua.host.pointee.blocker {
      let place = Self.blocker(of: LuaState(blocker))
      throw AwaitError(message: "cannot wait here: in a coroutine that was resumed inside \(place)")
    }
    guard lua.isYieldable else { throw AwaitError(message: "cannot wait here: inside \(Self.blocker(of: lua))") }
    if task.control.pointee.cancelled, !task.isClosing {
      task.refusals += 1
      // A loop around pcall: from here on nothing but its close handlers catches an error.
      if task.refusals > 100 { task.control.pointee.doomed = true }
      task.control.pointee.shielded = true
      throw Cancelled(interrupted: task.interrupted)
    }
    task.leaf = lua
    // What came before is no part of what is raised from here on, though the text may be the same.
    task.delivered = nil
    return task
  }

  /// Names the function that keeps a thread from waiting.
  private static func blocker(of lua: LuaState) -> String {
    lb_push_blocker(lua.raw)
    defer { lua.pop() }
    let kind = "a C function that cannot be suspended"
    return lua.string(at: -1).map { "\($0) (\(kind))" } ?? kind
  }

  /// Starts an operation and has the running task wait for it.
  func await(_ operation: LuaOperation, from lua: LuaState) throws -> Int32 {
    let task = try beginAwait(lua)
    let id = task.id
    let runtime = runtime
    operations += 1
    task.wait = .operation(
      Task(executorPreference: executor) { await runtime.perform(operation, for: id) })
    return LuaState.await
  }

  func complete(_ id: Int, with result: Result<any LuaResult & Sendable, any Error>) {
    operations -= 1
    guard let task = live[id], case .operation(let operation) = task.wait else { return }
    switch result {
    case .success(let values):
      // Also of a cancelled task: what was made must reach the variable that will close it.
      task.lua.push(true)
      makeReady(task, 1 + values.pushResults(onto: task.lua))
    case .failure where operation.isCancelled && task.control.pointee.cancelled: raiseCancelled(in: task)
    case .failure(let error):
      task.lua.push(false)
      let seen: any Error = error is CancellationError ? Cancelled() : error
      task.lua.push(error: seen, awaitedAt: task.leaf.location())
      if let error = error as? LuaError, let traceback = error.traceback, let value = lua_topointer(task.lua.raw, -1) {
        task.delivered = (value, traceback)
      }
      makeReady(task, 2)
    }
    pump()
  }

  /// Lets the other tasks run.
  func takeTurn(_ lua: LuaState) throws -> Int32 {
    let task = try beginAwait(lua)
    task.wait = .turn
    task.takesTurn = true
    return LuaState.await
  }

  func sleep(_ seconds: Double, from lua: LuaState) throws -> Int32 {
    let task = try beginAwait(lua)
    let timer = Timer(seconds: seconds) { [unowned self, unowned task] in
      task.lua.push(true)
      makeReady(task, 1)
      pump()
    }
    task.wait = .sleep(timer)
    executor.add(timer)
    return LuaState.await
  }

  /// Waits for `other`. A join that closes gives no results and raises no error: it only waits.
  func join(_ other: LuaTask, from lua: LuaState, closing: Bool = false) throws -> Int32 {
    guard other !== current else { throw AwaitError(message: "a task cannot wait for itself") }
    if other.outcome != nil {
      if closing { return 0 }
      try refuse(lua)
      observe(other)
      guard isFailure(other) else { return try other.pushResults(onto: lua) }
      if let task = current { other.pushFailure(to: task, onto: lua) } else { throw other.failure() ?? Cancelled() }
      return LuaState.error
    }
    let task = try beginAwait(lua)
    guard !waits(other, for: task) else {
      throw AwaitError(message: "cannot wait here: task \(other.id) waits for this one, so neither would ever go on")
    }
    task.joinsToClose = closing
    other.waiters.append(task)
    task.wait = .join(other)
    return LuaState.await
  }

  /// Whether `task` can go on only after `target` has ended, or has loaded a module.
  func waits(_ task: LuaTask, for target: LuaTask) -> Bool {
    // From the target up, where there is little to look at.
    if task === target { return true }
    if target.waiters.contains(where: { waits(task, for: $0) }) { return true }
    if let group = target.group, waits(task, for: group.waiter) { return true }
    if let scope = target.scope, scope.awaitsChildren, waits(task, for: scope.waiter) { return true }
    return moduleWaiters.contains { name, waiters in
      loader(of: name) === target && waiters.contains { waits(task, for: $0) }
    }
  }
}
