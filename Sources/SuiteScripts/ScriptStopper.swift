import LuaKit
import Synchronization

/// Ends the scripts of a merge from any thread: the one that runs, and every later one.
public final class ScriptStopper: Sendable {
  private let state = Mutex<(isStopped: Bool, lua: LuaStopper?)>((false, nil))

  init() {}

  /// Whether scripts were stopped.
  public var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Has the script that runs end with an error, as all that begin after it.
  public func stop() {
    state.withLock {
      $0.isStopped = true
      $0.lua?.stop()
    }
  }

  /// The universe that is there now; nil before it ends.
  func attach(_ lua: LuaStopper?) {
    state.withLock {
      $0.lua = lua
      if $0.isStopped { lua?.stop() }
    }
  }
}
