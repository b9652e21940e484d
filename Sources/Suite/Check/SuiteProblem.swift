/// Something wrong with a suite that can be said without running it.
public struct SuiteProblem: Sendable, Equatable, CustomStringConvertible {
  /// What it means for the suite.
  public enum Severity: String, Sendable {
    /// The run ends with an error, for all jobs or for some.
    case error
    /// Jobs or fragments are there that nobody can get, or a script may prevent the error.
    case warning
  }

  public let severity: Severity
  /// The file or folder.
  public let path: String
  /// The line of the file, counted from 1.
  public let line: Int?
  public let message: String

  init(_ severity: Severity, _ path: String, line: Int? = nil, _ message: String) {
    self.severity = severity
    self.path = path
    self.line = line
    self.message = message
  }

  /// `PATH:LINE: error: MESSAGE`, as compilers say it.
  public var description: String {
    "\(path)\(line.map { ":\($0)" } ?? ""): \(severity.rawValue): \(message)"
  }
}

/// What is wrong with the syntax of a script.
public struct ScriptSyntaxError: Error, Sendable, Equatable {
  /// The line of the script, counted from 1.
  public let line: Int?
  public let message: String

  public init(line: Int?, message: String) {
    self.line = line
    self.message = message
  }
}
