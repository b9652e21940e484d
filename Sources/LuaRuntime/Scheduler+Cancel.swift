import CLua
import CLuaBoundary
import LuaKit

extension Scheduler {
  /// Asks a task to end: ends what it waits for, unless it is cleaning up, and makes every later await raise.
  func cancel(_ task: LuaTask, interrupted: Bool = false) {
    guard task.outcome == nil else { return }
    task.control.pointee.cancelled = true
    if interrupted { task.interrupted = true }
    if case .nothing = task.wait { return }
    guard !task.isClosing else { return }
    switch task.wait {
    case .nothing, .turn: break
    case .operation(let operation): operation.cancel()
    case .sleep(let timer):
      executor.cancel(timer)
      raiseCancelled(in: task)
    case .join(let other):
      other.waiters.removeAll { $0 === task }
      raiseCancelled(in: task)
    case .group(let group): cancel(group, interrupted: interrupted)
    case .module(let name):
      moduleWaiters[name]?.removeAll { $0 === task }
      raiseCancelled(in: task)
    case .line(let line):
      line.leave(task)
      raiseCancelled(in: task)
    }
  }

  /// Has the await that a task is in raise.
  func raiseCancelled(in task: LuaTask) {
    task.control.pointee.shielded = true
    task.lua.push(false)
    task.lua.push(error: Cancelled(interrupted: task.interrupted), awaitedAt: task.leaf.location())
    makeReady(task, 2)
  }
}
