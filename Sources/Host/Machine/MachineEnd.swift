/// How a machine came to its end.
public struct MachineEnd: Sendable, Equatable {
  public enum Cause: String, Sendable, CaseIterable {
    /// The guest powered off.
    case guestShutdown = "guest-shutdown"
    /// The guest rebooted, or was reset, and its machine was launched to end then.
    case reset
    /// The guest's kernel panicked.
    case panic
    /// QEMU was told to quit.
    case quit
    /// QEMU was ended by a signal, or crashed.
    case killed
    /// It was launched by a kdevlua that kept no events.
    case unknown
  }

  public var cause: Cause
  /// What the kernel said when it panicked, as far as the console shows it.
  public var panic: String?
  /// The report of that panic; without a text of it on the console the last fatal one.
  public var report: KernelReport?
}

extension Machine {
  /// Waits for the end of the machine, which stays known until it is taken down.
  /// - Returns: how it ended.
  /// - Throws: `timeout`; `cancelled`.
  public func waitForEnd(within limit: Duration? = nil) async throws(HostError) -> MachineEnd {
    guard !host.isDryRun else { return MachineEnd(cause: .guestShutdown) }
    if let process, try await !process.end(within: limit) {
      throw HostError(.timeout, "the machine \(name) did not end" + (limit.map { " within \($0.text)" } ?? ""))
    }
    var end = end
    if let report = end.report { end.report = await decoded(report) }
    return end
  }

  /// How it ended, by its events and its console. A panicked kernel reboots when it is told to (`panic=-1`), so a reset
  /// with a panic on the console is one.
  private var end: MachineEnd {
    guard Files.exists(folder.eventLog) else { return MachineEnd(cause: .unknown) }
    let events = EventLog(path: folder.eventLog).read(from: 0).events
    let cause: MachineEnd.Cause =
      switch events.last(where: { $0.name == "SHUTDOWN" })?.data["reason"]?.string {
      case "guest-shutdown", "host-ui": .guestShutdown
      case "guest-reset", "host-qmp-system-reset", "subsystem-reset": .reset
      case "guest-panic": .panic
      case "host-qmp-quit": .quit
      default: .killed
      }
    let panic = (try? Files.read(folder.consoleLog)).flatMap { ConsoleText($0).panic }
    let panicked = cause == .panic || cause == .reset && panic != nil
    guard panicked else { return MachineEnd(cause: cause) }
    return MachineEnd(cause: .panic, panic: panic, report: folder.lastWords)
  }
}
