import CLuaBoundary
import LuaKit

extension Scheduler {
  /// Replaces os.exit by one that ends the script as an error does: `<close>` handlers run, and may wait; tasks are
  /// cancelled. Only, nothing catches it.
  func installExit() throws(LuaError) {
    try lua.getGlobal("os")
    lua.push(function: { lua in
      let scheduler = Scheduler.of(lua)
      scheduler.exitStatus = try Scheduler.status(lua)
      lua.host.pointee.exiting = true
      scheduler.onNews?()
      if let main = scheduler.main { scheduler.cancel(main) }
      if let task = scheduler.current {
        task.control.pointee.cancelled = true
        scheduler.shield(task, lua)
      }
      if scheduler.runsOnMain { scheduler.endMain() }
      throw Cancelled()
    })
    try lua.setField("exit", of: -2)
    lua.pop()
  }

  /// From here on nothing catches an error of the script that runs on the main thread, save in its close handlers.
  func endMain() {
    lua.host.pointee.exiting = true
    lua.host.pointee.outside.shielded = true
  }

  /// As in loslib.c: true or nothing is success, false is failure, a number is itself.
  private static func status(_ lua: LuaState) throws -> Int32 {
    if lua.isNil(at: 1) { return 0 }
    if lua.type(at: 1) == .boolean { return try lua.read(1) as Bool ? 0 : 1 }
    return Int32(truncatingIfNeeded: try lua.read(1) as Int)
  }
}

extension LuaRuntime {
  /// The status that the script asked to end with by os.exit; nil when it did not.
  public var exitStatus: Int32? { scheduler.exitStatus }
}
