import CLuaBoundary
import LuaKit

extension LuaRuntime {
  /// Interrupts the script that runs, as Ctrl-C does: cancels its main task; a loop that never waits gets the error
  /// after a tenth of a second. To be called from any thread, such as one that waits for signals, and not from a handler.
  ///
  /// - Returns: false when no script runs.
  @discardableResult
  public nonisolated static func interrupt() -> Bool { lb_interrupt() }

  /// Ends the script at once, as a second Ctrl-C does: all its tasks are cancelled, and from now on only the close handlers of
  /// objects of the host may wait, which undo what these hold. Those of scripts get the error where they wait. To be called as
  /// ``interrupt()``.
  ///
  /// - Returns: false when no script runs.
  @discardableResult
  public nonisolated static func hurry() -> Bool { lb_hurry() }
}

extension Scheduler {
  /// Lets ``LuaRuntime/interrupt()`` reach this universe.
  func listenForInterrupts(_ on: Bool) {
    listeners += on ? 1 : -1
    guard listeners == (on ? 1 : 0) else { return }
    lb_set_interruptible(on ? lua.host : nil)
    executor.eachTurn(for: self, on ? { [unowned self] in takeInterrupt() } : nil)
  }

  private func takeInterrupt() {
    guard lb_take_interrupt(lua.host) else { return }
    if lb_is_hurried(lua.host) { hurry() }
    interruptMain()
    pump()
  }

  private func hurry() {
    guard !isHurried else { return }
    isHurried = true
    for task in live.values.sorted(by: { $0.id < $1.id }) {
      task.control.pointee.hurried = true
      cancel(task)
    }
  }

  private func interruptMain() {
    guard let main else { return }
    cancel(main, interrupted: true)
  }

  /// Notes that the error which is raised next unwinds the task. Not so inside a C function, which may catch it and know nothing
  /// of shields.
  func shield(_ task: LuaTask, _ lua: LuaState) {
    task.control.pointee.shielded = lua.isYieldable && lua.host.pointee.blocker == nil
  }

  /// Called by the hook inside a loop that has not waited since the interrupt: pushes the error it raises.
  func stopLoop(_ lua: LuaState) -> Int32 {
    if lb_is_hurried(lua.host) { hurry() }
    interruptMain()
    guard let task = current else {
      if runsOnMain { endMain() }
      lua.push(error: Cancelled(interrupted: true))
      return LuaState.error
    }
    guard !task.isClosing else { return 0 }
    task.control.pointee.cancelled = true
    shield(task, lua)
    task.interrupted = true
    lua.push(error: Cancelled(interrupted: true))
    return LuaState.error
  }
}
