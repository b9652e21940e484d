import CLua
import CLuaBoundary

/// What a limited state may use.
public struct LuaLimits: Sendable, Hashable {
  /// Bytes that the whole state may hold at once; nil for no limit.
  public var memory: Int?
  /// Instructions of the virtual machine, and steps of library functions whose work a script chooses, such as those of a
  /// pattern match; nil for no limit.
  public var instructions: Int?
  /// Seconds by the clock; nil for no limit. A single copy or comparison of strings is not interrupted.
  public var seconds: Double?

  /// Limits; none by default.
  public init(memory: Int? = nil, instructions: Int? = nil, seconds: Double? = nil) {
    self.memory = memory
    self.instructions = instructions
    self.seconds = seconds
  }
}

/// A script passed one of its limits. Nothing in its state could catch it.
public struct LimitError: LuaErrorFields, Equatable {
  /// What there was not enough of.
  public enum Limit: String, Sendable { case memory, instructions, time, stopped }

  public let limit: Limit
  /// Where the script was: "=merge:3: ", or "".
  public let place: String

  public var kind: String { "limit" }
  public var message: String {
    switch limit {
    case .memory: "\(place)the script needs more memory than it may have"
    case .instructions: "\(place)the script runs too long: it used up its instructions"
    case .time: "\(place)the script runs too long: its time is over"
    case .stopped: "\(place)the script was stopped"
    }
  }
  public func field(_ name: String) -> LuaValue { name == "limit" ? .string(limit.rawValue) : .nil }
}

extension LuaState {
  /// Makes a universe for a script that others wrote: with `limits`, and with nothing that reaches outside or lets it change
  /// what another would see. It has the basic functions, `coroutine`, `math`, `string`, `table` and `utf8`; neither files,
  /// processes and modules nor precompiled chunks, finalizers and the control of the collector.
  ///
  /// - Parameter memory: Bytes that the universe may hold at once; nil for no limit.
  /// - Returns: Its main thread, to be given back with ``close()``.
  public static func makeLimited(memory: Int?) throws(LuaError) -> LuaState {
    let lua = try make(from: lb_new_limited_state)
    if let memory { lb_set_memory_limit(lua.raw, memory) }
    return lua
  }

  /// Gives scripts so many instructions, and so many seconds, from now on; nil lifts the limit.
  public func limit(instructions: Int?, seconds: Double? = nil) {
    lb_set_limits(raw, Int64(instructions.map { max(1, $0) } ?? 0), seconds.map { Int64(max(0, $0) * 1e9) + 1 } ?? 0)
  }

  /// Moves the end of the time that ``limit(instructions:seconds:)`` gave.
  public func extendLimit(by duration: Duration) {
    guard host.pointee.limits.deadline > 0 else { return }
    host.pointee.limits.deadline +=
      duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
  }

  /// The bytes that a limited universe holds.
  public var usedMemory: Int { host.pointee.limits.used }

  /// What ends the script of a limited universe from another thread.
  public var stopper: LuaStopper { LuaStopper(raw: raw) }

  /// The error of a call that the allocator ended.
  func memoryError(_ status: Int32) -> LuaError? {
    guard status == LUA_ERRMEM, host.pointee.limits.memory > 0 else { return nil }
    return LuaError(passing: LimitError(limit: .memory, place: ""))
  }
}

/// Ends what runs in a limited universe; to be used as long as that is open.
public struct LuaStopper: @unchecked Sendable {
  let raw: OpaquePointer

  /// Has every call from now on end with a ``LimitError``; from any thread.
  public func stop() { lb_stop(raw) }
}

/// Replaces the place on top by the error.
let pushLimitError: @convention(c) (OpaquePointer?) -> Void = { raw in
  guard let raw else { return }
  let lua = LuaState(raw)
  let place = lua.string(at: -1) ?? ""
  let limit: LimitError.Limit =
    switch lua.host.pointee.limits.over {
    case LB_OVER_STEPS: .instructions
    case LB_OVER_TIME: .time
    default: .stopped
    }
  lua.pop()
  lua.push(error: LimitError(limit: limit, place: place))
}
