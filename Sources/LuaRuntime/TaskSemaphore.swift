import LuaKit

/// `task.semaphore`: so many at a time. A permit that comes back goes to the task that has waited longest.
final class TaskSemaphore: LuaObject, TaskLine {
  let description = "a semaphore"
  static let luaName = "kdev.Semaphore"
  let size: Int
  /// None is free while a task waits.
  private var free: Int
  private var waiters = Line<LuaTask>()

  init(size: Int) {
    self.size = size
    free = size
  }

  static func define(_ type: LuaClass<TaskSemaphore>) {
    type.method("acquire") { semaphore, lua in try semaphore.acquire(from: lua) }
    type.property("size") { $0.size }
    type.property("free") { $0.free }
    type.property("waiting") { $0.waiters.count }
    type.tostring { "kdev.Semaphore (\($0.free) of \($0.size) free, \($0.waiters.count) waiting)" }
  }

  private func acquire(from lua: LuaState) throws -> Int32 {
    let scheduler = Scheduler.of(lua)
    guard free > 0 else { return try scheduler.waitInLine(self, from: lua) { waiters.append($0) } }
    try scheduler.refuse(lua)
    free -= 1
    lua.push(TaskPermit(self))
    return 1
  }

  func leave(_ task: LuaTask) { _ = waiters.remove { $0 === task } }

  /// A permit comes back.
  fileprivate func release(_ lua: LuaState) {
    guard let next = waiters.popFirst() else { return free += 1 }
    // Also when it is cancelled before its turn: then its `<close>` gives the permit back.
    lua.push(TaskPermit(self))
    Scheduler.of(lua).deliver(lua, to: next)
  }
}

/// What `acquire` gives: goes back once, by `release` or at the end of its `<close>` variable.
final class TaskPermit: LuaObject {
  static let luaName = "kdev.Permit"
  private var semaphore: TaskSemaphore?

  init(_ semaphore: TaskSemaphore) { self.semaphore = semaphore }

  static func define(_ type: LuaClass<TaskPermit>) {
    type.method("release") { permit, lua in permit.release(lua) }
    type.close { permit, lua in permit.release(lua) }
    type.tostring { $0.semaphore == nil ? "kdev.Permit (released)" : "kdev.Permit" }
  }

  private func release(_ lua: LuaState) -> Int32 {
    semaphore?.release(lua)
    semaphore = nil
    return 0
  }
}
