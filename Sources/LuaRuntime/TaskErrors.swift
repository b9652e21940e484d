public import LuaKit

/// A task was cancelled: raised by every await of it, until it ends.
public struct Cancelled: LuaErrorFields, Equatable {
  /// Whether Ctrl-C did it.
  public let interrupted: Bool

  /// The error of a cancelled task.
  public init(interrupted: Bool = false) { self.interrupted = interrupted }

  public var kind: String { "cancelled" }
  public var message: String { interrupted ? "interrupted" : "cancelled" }
  public func field(_ name: String) -> LuaValue { name == "interrupted" ? .bool(interrupted) : .nil }
}

/// `task.timeout` ran out of time.
public struct TimeoutError: LuaErrorFields, Equatable {
  /// The time that was given.
  public let seconds: Double

  public var kind: String { "timeout" }
  public var message: String {
    let time = seconds == seconds.rounded() && abs(seconds) < 1e15 ? "\(Int(seconds))" : "\(seconds)"
    return "timed out after \(time) s"
  }
  public func field(_ name: String) -> LuaValue { name == "seconds" ? .number(seconds) : .nil }
}

/// An await where nothing can wait.
public struct AwaitError: LuaErrorFields {
  public var kind: String { "await" }
  public let message: String
}
