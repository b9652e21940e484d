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

/// None of the functions of `task.any` succeeded.
public struct AllFailedError: LuaErrorFields {
  /// What each failed with, in their order.
  public let failures: [LuaError]

  public var kind: String { "all_failed" }
  public var message: String {
    let lines = failures.enumerated().map { "\n  \($0 + 1): \($1.location)\($1.message)" }
    return (failures.count == 1 ? "the only function failed:" : "all \(failures.count) functions failed:")
      + lines.joined()
  }
  public func field(_ name: String) -> LuaValue {
    guard name == "errors" else { return .nil }
    return .array(
      failures.map { failure in
        let kind = (failure.underlying as? any LuaErrorFields)?.kind ?? "error"
        return .table([
          .init(.string("kind"), .string(kind)), .init(.string("message"), .string(failure.message)),
        ])
      })
  }
}

/// A value was put into a queue that is closed.
public struct QueueClosedError: LuaErrorFields, Equatable {
  public var kind: String { "closed" }
  public var message: String { "the queue is closed" }
}

/// An await where nothing can wait.
public struct AwaitError: LuaErrorFields {
  public var kind: String { "await" }
  public let message: String
}
