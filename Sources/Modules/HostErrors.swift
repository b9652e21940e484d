public import Host
public import LuaKit

extension HostError: LuaErrorFields {
  /// `err.kind`.
  public var kind: String { code.rawValue }

  public var text: String { description }

  /// `err.hint`, `err.command`, `err.status`, `err.stderr`, `err.report`.
  public func field(_ name: String) -> LuaValue {
    switch name {
    case "hint": hint.map { .string($0) } ?? .nil
    case "command": command.map { .array($0.map { .string($0) }) } ?? .nil
    case "status": status.map { .integer(Int64($0)) } ?? .nil
    case "report": report.map { LuaValue($0) } ?? .nil
    case "stderr": detail.map { .string($0) } ?? .nil
    default: .nil
    }
  }
}

/// A script was called with wrong arguments: the program ends with status 2.
public struct UsageError: LuaErrorFields {
  public var kind: String { "usage" }
  public let message: String

  /// An error with that message.
  public init(message: String) { self.message = message }
}

/// The script's help was asked for: the program prints it and ends with status 0.
public struct HelpRequest: LuaErrorFields {
  public var kind: String { "help" }
  public let message: String
}
