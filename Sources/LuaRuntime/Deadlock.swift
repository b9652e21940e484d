public import LuaKit

/// Nothing is left that could end the wait: no other task runs, sleeps or waits for the host.
public struct DeadlockError: LuaErrorFields, Equatable {
  /// What the task waited for: "a queue", "a semaphore", "the module 'x'".
  public let what: String

  public var kind: String { "deadlock" }
  public var message: String { "deadlock: this waits for \(what), and no other task is left that could end it" }
}

extension Scheduler {
  /// Raises in the tasks that would wait for ever. To be called when the queue is empty.
  ///
  /// Between the lines of a prompt there is no main task: the next line may end a wait. So then nobody is told, unless the run
  /// is ending.
  func endDeadlock() {
    guard operations == 0, !executor.hasTimers, !live.isEmpty, isEnding || main != nil else { return }
    let stuck: [LuaTask]
    if isEnding {
      stuck = live.values.sorted { $0.id < $1.id }
    } else if let main {
      stuck = leaves(of: main)
    } else {
      return
    }
    for task in stuck {
      let what: String
      switch task.wait {
      case .line(let line):
        what = line.description
        line.leave(task)
      case .module(let name):
        what = "the module '\(name)'"
        moduleWaiters[name]?.removeAll { $0 === task }
      default: continue
      }
      task.lua.push(false)
      task.lua.push(error: DeadlockError(what: what), awaitedAt: task.leaf.location())
      makeReady(task, 2)
    }
  }

  /// The tasks whose waits keep `task` from going on.
  private func leaves(of task: LuaTask) -> [LuaTask] {
    switch task.wait {
    case .join(let other): leaves(of: other)
    case .group(let group):
      (group.members.filter { $0.outcome == nil } + (group.awaitsChildren ? Array(group.children.values) : []))
        .flatMap { leaves(of: $0) }
    default: [task]
    }
  }
}
