import CLua
import CLuaBoundary
import LuaKit

/// One scheduled Lua coroutine. Scripts hold it as a "kdev.Task".
final class LuaTask {
  /// What a task waits for.
  enum Wait {
    /// It runs, or has ended.
    case nothing
    /// It is in the queue, with what it waited for.
    case turn
    case operation(Task<Void, Never>)
    case sleep(Timer)
    case join(LuaTask)
    case group(TaskGroup)
    case module(String)
    case line(any TaskLine)
  }

  enum Outcome {
    /// That many results lie on the thread's stack.
    case success(Int32)
    /// The error value lies on the thread's stack.
    case failure
  }

  let id: Int
  /// The task's own thread, kept alive by the registry entry until the task ends, and by its handles after that.
  let lua: LuaState
  /// That entry; LUA_NOREF once it is gone.
  var anchor: Int32
  let control: UnsafeMutablePointer<lb_task>
  var context: [String: any Sendable]

  var hasStarted = false
  var wait = Wait.nothing
  /// The thread that called what it waits for: the task's own or a coroutine's inside it.
  var leaf: LuaState
  var outcome: Outcome?
  var interrupted = false
  /// How many awaits a cancellation has made raise.
  var refusals = 0
  /// It lets the others run, and goes on at its next turn.
  var takesTurn = false
  /// The traceback of a failure whose value cannot carry one.
  var traceback: String?
  /// The failure of another task that came to this one, by the address of its value.
  var delivered: (value: UnsafeRawPointer, traceback: String)?
  var waiters: [LuaTask] = []
  var group: TaskGroup?
  /// The group that it was spawned in, and does not outlive.
  var scope: TaskGroup?
  /// Its join is a close handler's, which only waits.
  var joinsToClose = false
  /// Swift waits for it, and drops the anchor itself.
  var isAwaitedBySwift = false
  var onFinish: (() -> Void)?

  init(id: Int, lua: LuaState, anchor: Int32, context: [String: any Sendable]) {
    self.id = id
    self.lua = lua
    self.anchor = anchor
    self.context = context
    leaf = lua
    control = .allocate(capacity: 1)
    control.initialize(to: lb_task())
    control.pointee.thread = lua.raw
  }

  deinit { control.deallocate() }

  /// Whether an await may go on in spite of a cancellation: the task is unwinding or runs a close handler.
  var isClosing: Bool {
    if control.pointee.hurried { return control.pointee.resource }
    return control.pointee.shielded || lb_closing(lua.raw)
  }

  var status: String {
    switch outcome {
    case nil: if case .nothing = wait { "running" } else { "waiting" }
    case .success: "done"
    case .failure: failedByCancellation ? "cancelled" : "failed"
    }
  }

  var failedByCancellation: Bool {
    guard case .failure = outcome else { return false }
    return lua.error(at: -1) is Cancelled
  }

  /// Pushes a copy of all results of a task that succeeded.
  ///
  /// - Throws: ``LuaError`` when there are more than a stack holds.
  func pushResults(onto other: LuaState) throws(LuaError) -> Int32 {
    guard case .success(let count) = outcome, count > 0 else { return 0 }
    let first = lua.top - count + 1
    guard lua_checkstack(lua.raw, count) != 0, lua_checkstack(other.raw, count + 4) != 0 else {
      throw LuaError("too many results of a task: \(count)")
    }
    for offset in 0..<count { lua_pushvalue(lua.raw, first + offset) }
    lua_xmove(lua.raw, other.raw, count)
    return count
  }

  /// Pushes the first result of a task that succeeded, nil when it has none.
  func pushFirstResult(onto other: LuaState) {
    guard case .success(let count) = outcome, count > 0 else { return other.pushNil() }
    lua_pushvalue(lua.raw, lua.top - count + 1)
    lua_xmove(lua.raw, other.raw, 1)
  }

  /// Pushes the error value of a task that failed, for `task`, which waited for it.
  func pushFailure(to task: LuaTask, onto other: LuaState) {
    lua.markCrossed(at: -1)
    if let traceback, let value = lua_topointer(lua.raw, -1) { task.delivered = (value, traceback) }
    lua_pushvalue(lua.raw, -1)
    lua_xmove(lua.raw, other.raw, 1)
  }

  /// The failure, for Swift.
  func failure() -> LuaError? {
    guard case .failure = outcome else { return nil }
    lua_pushvalue(lua.raw, -1)
    var error = lua.popError()
    if error.traceback == nil { error.traceback = traceback }
    return error
  }
}
