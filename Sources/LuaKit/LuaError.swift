import CLua
import CLuaBoundary

/// A failed Lua call, as Swift catches it.
///
/// An error that Swift threw keeps its identity on the way through Lua: ``underlying`` is that very error. One that Lua
/// raised keeps its value: thrown on into Lua, it is again the string or table that it was.
public struct LuaError: Error, Sendable {
  /// What went wrong. For a string raised by Lua, that string, with the position Lua put before it.
  public var message: String
  /// Where, as "setup.lua:12: ", when the message does not say it itself.
  public var location: String
  /// The Swift error that was thrown below, if it was one.
  public var underlying: (any Error)?
  /// The way to the place, one line a call; nil when nobody took one.
  public var traceback: String?
  /// The Lua value that was raised, when it was neither a Swift error nor made by ``init(_:underlying:)``.
  package var origin: Origin

  package enum Origin: Sendable {
    /// Made by Swift, and the error itself.
    case swift
    /// The way of `underlying` through Lua.
    case passage
    case bytes([UInt8])
    case value(LuaReference)
  }

  /// An error for a Swift function to throw into Lua, where it becomes an error object of the kind "error".
  public init(_ message: String, underlying: (any Error)? = nil) {
    self.message = message
    self.underlying = underlying
    location = ""
    origin = .swift
  }

  /// A Swift error on its way through Lua.
  package init(passing error: any Error) {
    self.init(message: (error as? any LuaErrorFields)?.message ?? String(describing: error), origin: .passage)
    underlying = error
  }

  package init(message: String, origin: Origin) {
    self.message = message
    self.origin = origin
    location = ""
  }
}

extension LuaError: CustomStringConvertible {
  /// What a person reads: where, what, and the traceback when there is one.
  public var description: String {
    guard let traceback, !traceback.isEmpty else { return location + message }
    return "\(location)\(message)\n\(traceback)"
  }
}

/// A Swift error with fields that scripts read: `err.kind`, `err.message`, `err.status` and so on.
public protocol LuaErrorFields: Error {
  /// A short stable word that scripts compare: "process", "timeout".
  var kind: String { get }
  /// What went wrong, in a sentence.
  var message: String { get }
  /// What a person reads, as `tostring` gives it after the place: the message, with whatever helps.
  var text: String { get }
  /// The error that led to this one, shown as `err.cause`.
  var cause: (any Error)? { get }
  /// Any other field, `.nil` when the error has none of that name.
  func field(_ name: String) -> LuaValue
}

extension LuaErrorFields {
  public var text: String { message }
  public var cause: (any Error)? { nil }
  public func field(_ name: String) -> LuaValue { .nil }
}

/// A wrong argument.
public struct ArgumentError: LuaErrorFields {
  public var kind: String { "argument" }
  /// "bad argument #1 to 'exec' (kdev.vm expected, got table)"
  public let message: String

  /// An error with that message.
  public init(_ message: String) { self.message = message }
}

extension LuaMismatch: LuaErrorFields {
  public var kind: String { "argument" }
}

extension LuaState {
  /// The error for argument `index` of the function that runs, worded as luaL_argerror does.
  public func argumentError(_ index: Int32, _ reason: String) -> ArgumentError {
    var ar = lua_Debug()
    guard lua_getstack(raw, 0, &ar) != 0, lua_getinfo(raw, "n", &ar) != 0 else {
      return ArgumentError("bad argument #\(index) (\(reason))")
    }
    let name = ar.name.map { String(cString: $0) } ?? libraryName(level: 0) ?? "?"
    guard let how = ar.namewhat, String(cString: how) == "method" else {
      return ArgumentError("bad argument #\(index) to '\(name)' (\(reason))")
    }
    if index == 1 { return ArgumentError("calling '\(name)' on bad self (\(reason))") }
    return ArgumentError("bad argument #\(index - 1) to '\(name)' (\(reason))")
  }

  /// "table.sort" for a function that a loaded module has under that name.
  private func libraryName(level: Int32) -> String? {
    lb_push_name(raw, level)
    defer { pop() }
    return string(at: -1)
  }
}
