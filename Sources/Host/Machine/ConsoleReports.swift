import Synchronization

/// The kernel's reports in a machine's console, read from the log that QEMU writes, as it grows.
final class ConsoleReports: Sendable {
  private struct State {
    var parser = KernelReportParser()
    /// Bytes of the log that the parser has had.
    var offset = 0
    var found: [KernelReport] = []
    /// Reports that somebody was told of.
    var seen = 0
    var lastGrowth = ContinuousClock.now
  }

  private let log: String
  private let state = Mutex(State())

  /// - Parameter log: the file that the console is written to.
  init(log: String) { self.log = log }

  /// How often the log is looked at while somebody waits: a recognition takes no longer.
  static let interval = Duration.milliseconds(50)
  /// Reports without an end mark are whole when nothing has come for so long.
  private static let silence = Duration.milliseconds(400)

  /// All reports so far.
  var all: [KernelReport] {
    readOn()
    return state.withLock { $0.found }
  }

  /// Counts all reports so far as told.
  func markSeen() {
    readOn()
    state.withLock { $0.seen = $0.found.count }
  }

  /// The next report that nobody was told of; now it is told.
  func next() -> KernelReport? {
    readOn()
    return state.withLock { state in
      guard state.seen < state.found.count else { return nil }
      defer { state.seen += 1 }
      return state.found[state.seen]
    }
  }

  /// Waits until there is a report that nobody was told of and that `condition` takes, which counts as untold still; or until
  /// there is something `else`.
  /// - Throws: `cancelled`.
  func waitForNew(
    where condition: (KernelReport) -> Bool, or else: () -> Bool
  ) async throws(HostError) {
    while true {
      readOn()
      if state.withLock({ $0.found[$0.seen...].contains(where: condition) }) || `else`() { return }
      try await pause(Self.interval)
    }
  }

  /// Waits for the next report that nobody was told of.
  /// - Throws: `cancelled`.
  func waitForNext() async throws(HostError) -> KernelReport {
    while true {
      if let report = next() { return report }
      try await pause(Self.interval)
    }
  }

  /// Waits until a report that has begun is whole; no wait when none has.
  func settle() async throws(HostError) {
    readOn()
    while state.withLock({ $0.parser.isOpen }) {
      try await pause(.milliseconds(20))
      readOn()
    }
  }

  /// The console will say no more: what has begun is whole.
  func finish() {
    readOn()
    state.withLock { $0.found += $0.parser.silence() }
  }

  private func readOn() {
    state.withLock { state in
      let now = ContinuousClock.now
      let size = Files.size(log) ?? 0
      // A machine that was started anew has a new log.
      if size < state.offset { state = State() }
      if size > state.offset, let bytes = try? Files.read(log, from: state.offset) {
        state.offset += bytes.count
        state.lastGrowth = now
        state.found += state.parser.take(bytes)
      } else if state.parser.isOpen, now - state.lastGrowth > Self.silence {
        state.found += state.parser.silence()
      }
    }
  }
}
