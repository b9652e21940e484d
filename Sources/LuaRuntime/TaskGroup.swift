import CLua
import CLuaBoundary
import LuaKit

/// Tasks that another one waits for together: `task.all`, `task.any`, `task.race`, `task.timeout`.
final class TaskGroup {
  enum Kind {
    /// All results; the first failure cancels the rest.
    case all
    /// The first success, which cancels the rest; all failures together when there is none.
    case any
    /// The first outcome, whatever it is; cancels the rest.
    case race
    /// The only member's outcome, unless the time is over first.
    case timeout(seconds: Double)
  }

  let kind: Kind
  let waiter: LuaTask
  var members: [LuaTask] = []
  var running = 0
  /// The member whose outcome is the group's.
  var decisive: LuaTask?
  var timer: Timer?
  var isOver = false

  init(_ kind: Kind, waiter: LuaTask) {
    self.kind = kind
    self.waiter = waiter
  }
}

extension Scheduler {
  /// Has the running task wait for a group of `count` functions on top of `lua`, each a task of its own.
  func awaitGroup(_ kind: TaskGroup.Kind, count: Int32, arguments: Int32 = 0, from lua: LuaState) throws -> Int32 {
    let waiter = try beginAwait(lua)
    let group = TaskGroup(kind, waiter: waiter)
    if case .timeout = kind {
      group.members.append(spawn(from: lua, arguments: arguments))
    } else {
      let first = lua.top - count + 1
      for offset in 0..<count {
        lua.pushCopy(at: first + offset)
        group.members.append(spawn(from: lua, arguments: 0))
      }
      lua.pop(count)
    }
    for member in group.members {
      member.group = group
      group.running += 1
    }
    if case .timeout(let seconds) = kind {
      let timer = Timer(seconds: seconds) { [unowned self, unowned group] in
        group.isOver = true
        for member in group.members { cancel(member) }
        pump()
      }
      group.timer = timer
      executor.add(timer)
    }
    waiter.wait = .group(group)
    return LuaState.await
  }

  func groupMemberFinished(_ member: LuaTask, _ group: TaskGroup) {
    group.running -= 1
    let decides: Bool
    switch group.kind {
    case .all: decides = isFailure(member)
    case .any: decides = !isFailure(member)
    case .race, .timeout: decides = true
    }
    if decides, group.decisive == nil {
      group.decisive = member
      for other in group.members where other !== member { cancel(other) }
    }
    if group.running == 0 { deliver(group) }
  }

  private func deliver(_ group: TaskGroup) {
    let waiter = group.waiter
    if let timer = group.timer { executor.cancel(timer) }
    let wasCancelled = waiter.control.pointee.cancelled && !waiter.isClosing
    let allFailed = group.members.allSatisfy(isFailure)
    if wasCancelled, allFailed || group.decisive.map(isFailure) == true {
      // Its members ended because it was told to.
      raiseCancelled(in: waiter)
    } else if case .timeout(let seconds) = group.kind, group.isOver, let member = group.members.first,
      member.failedByCancellation
    {
      waiter.lua.push(false)
      waiter.lua.push(error: TimeoutError(seconds: seconds), awaitedAt: waiter.leaf.location())
      makeReady(waiter, 2)
    } else if case .any = group.kind, allFailed {
      let failures = group.members.compactMap { $0.failure() }
      waiter.lua.push(false)
      waiter.lua.push(error: AllFailedError(failures: failures), awaitedAt: waiter.leaf.location())
      makeReady(waiter, 2)
    } else if let decisive = group.decisive {
      observe(decisive)
      if isFailure(decisive) {
        waiter.lua.push(false)
        decisive.pushFailure(to: waiter, onto: waiter.lua)
        makeReady(waiter, 2)
      } else {
        waiter.lua.push(true)
        makeReady(waiter, 1 + decisive.pushResults(onto: waiter.lua))
      }
    } else {
      let count = Int32(group.members.count)
      lua_checkstack(waiter.lua.raw, count + 4)
      waiter.lua.push(true)
      for member in group.members { member.pushFirstResult(onto: waiter.lua) }
      makeReady(waiter, 1 + count)
    }
    for member in group.members {
      // Of any, the success or the error that lists them all has told what became of the others.
      if case .any = group.kind { observe(member) }
      member.group = nil
      dropAnchor(of: member)
    }
    group.members = []
  }
}
