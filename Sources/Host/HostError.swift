import Glibc

/// What went wrong on the machine, in the parts that a person needs: what was tried, what came back, what to do.
public struct HostError: Error, Sendable, Equatable {
  /// The sort of failure, for programs to branch on.
  public enum Code: String, Sendable {
    /// A value that the caller gave cannot be used.
    case invalid
    /// A program, device, file or right that the machine does not have.
    case missing
    /// The caller may not do this, and no way to get the right is open.
    case permission
    /// Something else holds the name, file, port or device.
    case busy
    /// It exists, and is not what was asked for.
    case conflict
    /// A command ran and failed.
    case command
    /// An operation of the system or of a peer failed.
    case system
    /// A limit of time passed.
    case timeout
    /// The caller asked to stop.
    case cancelled
    /// Another machine cannot be reached, or the connection to it was lost.
    case connection
    /// The guest crashed, hung or ended.
    case guest
    /// The guest's kernel is broken, by its own report: an oops, a panic, a lock-up.
    case kernelOops = "kernel_oops"
    /// The guest's kernel reported something and went on: a warning, the lock validator, a sanitizer.
    case kernelWarning = "kernel_warning"
  }

  public var code: Code
  /// One sentence: what was tried and what came of it.
  public var message: String
  /// What to do about it: an instruction or a command line.
  public var hint: String?
  /// The argument vector of the command that failed.
  public var command: [String]?
  /// The exit status of the command; 128 + N for signal N.
  public var status: Int?
  /// What the command wrote to its standard error, or the last lines of a guest's console.
  public var detail: String?
  /// What the guest's kernel reported, when that is the error.
  public var report: KernelReport?

  public init(
    _ code: Code, _ message: String, hint: String? = nil, command: [String]? = nil, status: Int? = nil,
    detail: String? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.command = command
    self.status = status
    self.detail = detail
  }

  /// The error that a cancelled operation ends with.
  public static let cancelled = HostError(.cancelled, "cancelled")

  /// An error of the C library: `what` failed with `errno`'s text.
  public static func system(_ what: String, errno number: Int32, hint: String? = nil) -> HostError {
    let result: Code =
      switch number {
      case EACCES, EPERM: .permission
      case ENOENT: .missing
      case EBUSY, EEXIST, EADDRINUSE: .busy
      default: .system
      }
    return HostError(result, "\(what): \(String(cString: strerror(number)))", hint: hint ?? Self.hint(for: number))
  }

  private static func hint(for number: Int32) -> String? {
    number == ENOSPC ? "make room on the file system (df -h), or choose another folder" : nil
  }
}

extension HostError: CustomStringConvertible {
  /// The whole text, as a terminal shows it.
  public var description: String {
    var lines = [message]
    if let detail, !detail.isEmpty {
      for line in detail.split(separator: "\n", omittingEmptySubsequences: true) { lines.append("  | \(line)") }
    }
    if let command { lines.append("  tried: \(ShellText.line(command))") }
    if let hint { lines.append("  hint: \(hint)") }
    return lines.joined(separator: "\n")
  }
}
