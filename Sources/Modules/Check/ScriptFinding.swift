public import Host

/// Something that is wrong in a script.
public struct ScriptFinding: Sendable, Equatable {
  public enum Severity: String, Sendable { case error, warning }

  public let severity: Severity
  /// A short stable word: "syntax", "unknown-field", "unknown-option", "missing-option", "type", "arguments",
  /// "undefined-global".
  public let code: String
  /// Both from 1; columns count characters.
  public let line: Int
  public let column: Int
  public let message: String
  /// What was probably meant.
  public let hint: String?

  /// `FILE:LINE:COLUMN: error: MESSAGE`, as compilers have it, and the hint on a line of its own.
  public func text(in file: String) -> String {
    "\(file):\(line):\(column): \(severity.rawValue): \(message)" + (hint.map { "\n  hint: \($0)" } ?? "")
  }

  /// The finding as an object.
  public func json(in file: String) -> JSONValue {
    .object([
      "file": .string(file), "line": .integer(line), "column": .integer(column),
      "severity": .string(severity.rawValue), "code": .string(code), "message": .string(message),
      "hint": hint.map { .string($0) } ?? .null,
    ])
  }
}
