import CLua
import CLuaBoundary
import LuaKit

/// Tasks that another one waits for together: `task.all`, `task.any`, `task.race`, `task.timeout`, `task.scope`. Nothing that they
/// spawn outlives it.
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
    /// The only member's outcome, when all tasks that were spawned in it have ended, too; the first failure cancels the rest.
    case scope
  }

  let kind: Kind
  let waiter: LuaTask
  var isScope: Bool { if case .scope = kind { true } else { false } }
  var members: [LuaTask] = []
  var running = 0
  /// The member whose outcome is the group's.
  var decisive: LuaTask?
  var timer: Timer?
  var isOver = false
  /// What was spawned in it and has not ended.
  var children: [Int: LuaTask] = [:]
  /// Whether the waiter waits for them.
  var awaitsChildren: Bool { isScope || running == 0 }
  /// What is in it was cancelled.
  var isEnding = false

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
    let hasOneMember =
      switch kind {
      case .timeout, .scope: true
      default: false
      }
    if hasOneMember {
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
        cancel(group)
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
    case .all, .scope: decides = isFailure(member)
    case .any: decides = !isFailure(member)
    case .race, .timeout: decides = true
    }
    if decides, group.decisive == nil {
      group.decisive = member
      cancel(group)
    }
    endIfDone(group)
  }

  /// Asks all tasks of a group to end.
  func cancel(_ group: TaskGroup, interrupted: Bool = false) {
    group.isEnding = true
    for task in group.members + group.children.values.sorted(by: { $0.id < $1.id }) {
      cancel(task, interrupted: interrupted)
    }
  }

  private func endIfDone(_ group: TaskGroup) {
    guard group.running == 0 else { return }
    if group.children.isEmpty { return deliver(group) }
    // As at the end of the script. A scope waits for them, unless it has failed or its waiter is to end.
    if !group.isScope || group.waiter.control.pointee.cancelled { cancel(group) }
  }

  // MARK: What is spawned in a group

  /// Notes that `child` was spawned by `spawner`, and so belongs to the group around that.
  func adopt(_ child: LuaTask, by spawner: LuaTask) {
    guard let group = spawner.group ?? spawner.scope else { return }
    child.scope = group
    group.children[child.id] = child
    guard group.isEnding else { return }
    if spawner.isClosing { endLate(child, with: spawner) } else { child.control.pointee.cancelled = true }
  }

  func childFinished(_ child: LuaTask, _ group: TaskGroup) {
    if group.isScope, group.decisive == nil, isFailure(child), !child.failedByCancellation {
      group.decisive = child
      cancel(group)
    }
    endIfDone(group)
  }

  private func deliver(_ group: TaskGroup) {
    let waiter = group.waiter
    if let timer = group.timer { executor.cancel(timer) }
    let wasCancelled = waiter.control.pointee.cancelled && !waiter.isClosing
    let allFailed = group.members.allSatisfy(isFailure)
    let isCut = group.isScope && group.isEnding
    if wasCancelled, allFailed || isCut || group.decisive.map(isFailure) == true {
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
      if isFailure(decisive) {
        waiter.lua.push(false)
        decisive.pushFailure(to: waiter, onto: waiter.lua)
        makeReady(waiter, 2)
        observe(decisive)
      } else {
        deliverResults(of: decisive, to: waiter)
        observe(decisive)
      }
    } else if group.isScope, let body = group.members.first {
      deliverResults(of: body, to: waiter)
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
