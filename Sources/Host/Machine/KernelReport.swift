/// What a kernel said of itself when something in it went wrong, cut out of its console.
public struct KernelReport: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// An access that the kernel could not make, or another exception in it: the code that ran is ended.
    case oops
    /// `BUG()`, which ends the code that ran, or a line that begins with `BUG:`, after which the kernel goes on.
    case bug
    case panic
    /// `WARN()` and its kin.
    case warning
    /// The lock validator's, and RCU's use checks.
    case lockdep
    case kasan
    case kfence
    case kcsan
    case kmsan
    case ubsan
    case rcuStall = "rcu_stall"
    case hungTask = "hung_task"
    case softLockup = "soft_lockup"
    case hardLockup = "hard_lockup"
  }

  public var kind: Kind
  /// The line that says what happened, without its time.
  public var title: String
  /// Where: the function, offset and module, as the kernel writes them; nil when the report does not say.
  public var place: String?
  /// The process that ran.
  public var command: String?
  public var processID: Int?
  /// Seconds since the guest's boot; nil when the console has no times.
  public var time: Double?
  /// Whether what ran is lost: an oops, a `BUG()`, a panic.
  public var isFatal: Bool
  /// The whole report, a line each as on the console.
  public var lines: [String]
  /// The report with files and lines, by the kernel's own script; nil when it was not decoded.
  public var decoded: String?

  public var text: String { lines.joined(separator: "\n") }

  /// Whether a program that waits for the kernel may wait for ever.
  var stopsPrograms: Bool {
    isFatal || [.rcuStall, .hungTask, .softLockup, .hardLockup].contains(kind)
  }

  /// As a person reads it in one line: the title, and where and in what it happened.
  public var summary: String {
    var text = title
    if let place, !title.contains(place) { text += " at \(place)" }
    if let command, !title.contains(command) { text += ", in \(command)" + (processID.map { " (\($0))" } ?? "") }
    return text
  }
}

extension HostError {
  /// The error of whoever waits for a guest whose kernel said this.
  init(_ report: KernelReport, in name: String) {
    self.init(
      report.isFatal || report.stopsPrograms ? .kernelOops : .kernelWarning,
      "the kernel of the guest \(name) \(report.verb): \(report.summary)", detail: report.decoded ?? report.text)
    self.report = report
  }
}

extension KernelReport {
  /// What the kernel did, as a verb.
  var verb: String {
    switch kind {
    case .panic: "panicked"
    case .rcuStall, .hungTask, .softLockup, .hardLockup: "hangs"
    case .warning, .lockdep: "warned"
    default: isFatal ? "oopsed" : "found a bug"
    }
  }
}
