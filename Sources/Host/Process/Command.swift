/// A command to run: an argument vector and what the host must know about it.
public struct Command: Sendable {
  /// Whether the command only looks, or changes the machine. A dry run runs the former and prints the latter.
  public enum Effect: Sendable { case query, change }

  /// Where a standard input comes from: `input`, kdevlua's own, or a file.
  public enum InputSource: Sendable, Equatable {
    case bytes
    case inherit
    case file(String)
  }

  /// The program's name, found in PATH, and its arguments.
  public var arguments: [String]
  public var effect: Effect
  /// Needs root: run by `sudo -n` when the caller is not root.
  public var asRoot = false
  /// The folder to run in; nil is the caller's.
  public var workingDirectory: String?
  /// Bytes for the standard input; nil is an empty one.
  public var input: [UInt8]?
  /// Where the standard input comes from in place of `input`.
  public var inputSource = InputSource.bytes
  /// Where the standard output goes.
  public var output = OutputTarget.capture
  /// Where the standard error goes.
  public var error = OutputTarget.capture
  /// Variables added to the caller's environment; nil takes one out of it.
  public var environment: [String: String?] = [:]
  /// A script asked for it: it speaks the user's language, and does not outlive kdevlua's end by force.
  public var isScripts = false
  /// It starts a program that goes on, and ends itself before that one has a session of its own (setsid --fork): so it gets no
  /// process group, of which what is left would be ended with it.
  public var leavesProgram = false
  /// What a trace and a dry run say instead, as argument vectors: the commands that a person would type for what this one does
  /// in one go. Empty is the command itself.
  public var said: [[String]] = []

  /// A command that only looks.
  public static func query(_ arguments: String...) -> Command { Command(arguments: arguments, effect: .query) }
  public static func query(_ arguments: [String]) -> Command { Command(arguments: arguments, effect: .query) }
  /// A command that changes the machine.
  public static func change(_ arguments: String...) -> Command { Command(arguments: arguments, effect: .change) }
  public static func change(_ arguments: [String]) -> Command { Command(arguments: arguments, effect: .change) }

  /// A command that starts a program which goes on for itself.
  static func detached(_ arguments: [String]) -> Command {
    var command = change(["setsid", "--fork"] + arguments)
    command.leavesProgram = true
    return command
  }

  /// The same command, run as root.
  public var privileged: Command {
    var copy = self
    copy.asRoot = true
    return copy
  }

  public init(arguments: [String], effect: Effect) {
    self.arguments = arguments
    self.effect = effect
  }

  /// The lines that a trace and a dry run say.
  func shellLines(sudo: Bool) -> [String] {
    if said.isEmpty { return [shellText(sudo: sudo)] }
    return said.map { ShellText.line((asRoot && sudo ? ["sudo"] : []) + $0) }
  }

  /// The command as a person would type it. Long QEMU lines come one option a line.
  public func shellText(sudo: Bool) -> String {
    let vector = (asRoot && sudo ? ["sudo"] : []) + arguments
    var text = arguments.first?.hasPrefix("qemu-system-") == true ? ShellText.lines(vector) : ShellText.line(vector)
    if case .file(let path) = inputSource { text += " <\(ShellText.quote(path))" }
    if inputSource == .bytes, input != nil { text += " <<<…" }
    text += output.shellText("") + error.shellText("2")
    let variables = environment.sorted { $0.key < $1.key }
    let added = variables.compactMap { name, value in value.map { "\(name)=\(ShellText.quote($0)) " } }.joined()
    let removed = variables.filter { $0.value == nil }.map { "-u \($0.key) " }.joined()
    text = (removed.isEmpty ? "" : "env " + removed) + added + text
    if let workingDirectory { text = "(cd \(ShellText.quote(workingDirectory)) && \(text))" }
    return text
  }
}

/// What a command left.
public struct CommandResult: Sendable, Equatable {
  /// The exit status; 128 + N for signal N.
  public var status: Int
  public var output: [UInt8]
  public var error: [UInt8]

  public init(status: Int, output: [UInt8] = [], error: [UInt8] = []) {
    self.status = status
    self.output = output
    self.error = error
  }

  public var succeeded: Bool { status == 0 }
  /// Standard output as text, with invalid UTF-8 replaced.
  public var outputText: String { String(decoding: output, as: UTF8.self) }
  /// Standard error as text, with invalid UTF-8 replaced.
  public var errorText: String { String(decoding: error, as: UTF8.self) }
}
