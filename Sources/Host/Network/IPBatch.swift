import Synchronization

/// Lines for ip(8), run by one call: `ip -batch -`. One program that is started, and one call of sudo, instead of many.
struct IPBatch: Sendable {
  struct Line: Sendable {
    /// What follows `ip`.
    var arguments: [String]
    /// As in "could not PURPOSE".
    var purpose: String
  }

  /// The named network namespace that it is for; nil is the caller's.
  var namespace: String?
  var lines: [Line] = []
  /// What it prints at the end: `link show` of this interface, as JSON.
  var shown: String?
  /// Lines that do the same as `lines` does, for fewer waits in the kernel; what is said are `lines`.
  var shortcut: [[String]]?
  /// Whether all of it has happened, when ip may wait for the kernel longer than anybody else has to; nil waits for ip's end.
  var hasHappened: (@Sendable () -> Bool)?

  mutating func add(_ arguments: String..., to purpose: String) {
    lines.append(Line(arguments: arguments, purpose: purpose))
  }

  func command(_ line: Line) -> Command { .change(IPBatch.prefix(namespace) + line.arguments).privileged }

  static func prefix(_ namespace: String?) -> [String] { namespace.map { ["ip", "-n", $0] } ?? ["ip"] }

  /// Whether ip reads each word as it is written: it knows quotes, backslashes and comments, and an interface's name may hold them.
  var isPlain: Bool {
    func isPlain(_ word: String) -> Bool { !word.isEmpty && !word.utf8.contains { Self.special.contains($0) } }
    return lines.allSatisfy { $0.arguments.allSatisfy(isPlain) } && shown.map(isPlain) ?? true
  }
  private static let special = Set(" \t\n\"'\\#".utf8)

  var text: String {
    (shortcut ?? lines.map(\.arguments)).map { $0.joined(separator: " ") + "\n" }.joined()
      + (shown.map { "link show dev \($0)\n" } ?? "")
  }
}

/// What became of an `IPBatch`.
struct IPBatchOutcome: Sendable {
  /// The number of the line that failed, from 0, and its error. Those before it have been run, those after it not; nil when nobody
  /// knows which it was.
  var failure: (line: Int?, error: HostError)?
  /// The index of the interface that was to be shown.
  var shownIndex: Int?
}

extension LocalHost {
  /// Runs lines of ip as root. A trace and a dry run say each as a command of its own.
  /// - Throws: what keeps ip from being started; what a line fails with is in the outcome.
  func run(_ batch: IPBatch) async throws(HostError) -> IPBatchOutcome {
    if batch.lines.isEmpty { return IPBatchOutcome() }
    guard batch.isPlain, try await mayBatch() else { return try await runSingly(batch) }
    var command = Command.change(IPBatch.prefix(batch.namespace) + ["-json", "-batch", "-"]).privileged
    command.said = batch.lines.map { IPBatch.prefix(batch.namespace) + $0.arguments }
    command.input = Array(batch.text.utf8)
    let result = try await run(command, orUntil: batch.hasHappened)
    if result.succeeded {
      return IPBatchOutcome(shownIndex: batch.shown == nil ? nil : Self.linkIndex(in: result.output))
    }
    // "Command failed -:2" (iproute2, lib/utils.c: do_batch).
    let failed = result.errorText.split(separator: "\n").compactMap { line in
      line.hasPrefix("Command failed -:") ? Int(line.dropFirst("Command failed -:".count)) : nil
    }
    // What ip cannot even read ends it without that.
    let number = batch.shortcut == nil ? failed.first.map { max(0, $0 - 1) } : 0
    let line = batch.lines[min(number ?? 0, batch.lines.count - 1)]
    var error = failure(of: batch.command(line), result, to: line.purpose)
    error.detail = result.errorText.split(separator: "\n").filter { !$0.hasPrefix("Command failed") }
      .joined(separator: "\n")
    return IPBatchOutcome(failure: (number, error))
  }

  /// Runs lines that all have to succeed.
  func require(_ batch: IPBatch) async throws(HostError) {
    if let failure = try await run(batch).failure { throw failure.error }
  }

  /// One by one, for who may run some commands by sudo and not a batch, which may hold any.
  private func runSingly(_ batch: IPBatch) async throws(HostError) -> IPBatchOutcome {
    for (number, line) in batch.lines.enumerated() {
      let command = batch.command(line)
      let result = try await run(command)
      guard result.succeeded else {
        return IPBatchOutcome(failure: (number, failure(of: command, result, to: line.purpose)))
      }
    }
    guard let name = batch.shown, !isDryRun else { return IPBatchOutcome() }
    return IPBatchOutcome(shownIndex: try await link(name, in: batch.namespace)?.index)
  }

  /// Whether sudo allows `ip -batch -`, which is to allow all of ip.
  private func mayBatch() async throws(HostError) -> Bool {
    if isRoot || isDryRun { return true }
    if let known = batchAllowed.withLock({ $0 }) { return known }
    guard try await canBeRoot(), let ip = executables.find("ip") else { return false }
    let allowed = try await run(.query("sudo", "-n", "-l", ip, "-json", "-batch", "-")).succeeded
    batchAllowed.withLock { $0 = allowed }
    return allowed
  }
}
