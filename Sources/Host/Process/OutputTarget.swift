/// Where an output of a program goes.
public enum OutputTarget: Sendable {
  /// Takes whole lines, each with its line feed, in order and as they come. The program is not read any further until it
  /// has returned; when it throws, the program's process group is ended.
  public typealias Lines = @Sendable ([UInt8]) async throws(HostError) -> Void

  /// Into memory, for the result; 64 MiB at most.
  case capture
  /// To where the caller's own goes.
  case inherit
  case discard
  /// To a function. The last line gets a line feed when it has none.
  case lines(Lines)
  /// To a function, as it comes.
  case chunks(Lines)
  case file(String, append: Bool)
  /// Of the standard error: to where the standard output goes.
  case standardOutput

  /// As a shell writes it.
  /// - Parameter number: "" for the standard output, "2" for the standard error.
  func shellText(_ number: String) -> String {
    switch self {
    case .capture, .inherit, .lines, .chunks: ""
    case .discard: " \(number)> /dev/null"
    case .file(let path, let append): " \(number)\(append ? ">>" : ">") \(ShellText.quote(path))"
    case .standardOutput: " 2>&1"
    }
  }

  /// Whether the host reads it, and not somebody else or nobody.
  var isRead: Bool {
    switch self {
    case .capture, .lines, .chunks: true
    case .inherit, .discard, .standardOutput, .file: false
    }
  }
}
