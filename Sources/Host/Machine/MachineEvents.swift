import FoundationEssentials
import Synchronization

/// Something that QEMU says of a machine (QEMU's QMP reference, "Events").
public struct MachineEvent: Sendable, Equatable {
  /// `SHUTDOWN`, `RESET`, `STOP`, `DEVICE_DELETED`, ...
  public let name: String
  /// What it carries, by name; `.null` for nothing.
  public let data: JSONValue
  /// Since the epoch.
  public let seconds: Double

  /// - Parameter line: a line of the events' log; nil for what is no event.
  init?(_ line: ArraySlice<UInt8>) {
    guard let message = JSONValue(json: Array(line)), let name = message["event"]?.string else { return nil }
    self.name = name
    data = message["data"] ?? .null
    seconds =
      Double(message["timestamp"]?["seconds"]?.integer ?? 0)
      + Double(message["timestamp"]?["microseconds"]?.integer ?? 0) / 1e6
  }
}

/// The log that a QEMU keeps of its own events, from its start to its end: a QMP monitor of its own writes to a file. So
/// any number of programs read them, none is lost while nobody listens, and why a machine ended is known afterwards.
struct EventLog: Sendable {
  let path: String

  /// The events from a place on, and the place behind the last whole line.
  func read(from offset: Int) -> (events: [MachineEvent], end: Int) {
    guard Files.size(path).map({ $0 > offset }) == true, let bytes = try? Files.read(path), bytes.count > offset,
      let last = bytes[offset...].lastIndex(of: UInt8(ascii: "\n"))
    else { return ([], offset) }
    return (bytes[offset..<last].split(separator: UInt8(ascii: "\n")).compactMap(MachineEvent.init), last + 1)
  }

  /// Where it ends now: what comes after is new.
  var end: Int { Files.size(path) ?? 0 }
}

extension LocalHost {
  /// Makes the two files of a machine's events: what its monitor reads first, and the log.
  func prepareEvents(_ folder: MachineFolder) throws(HostError) {
    for (path, text) in [(folder.events + ".in", "{\"execute\":\"qmp_capabilities\"}\n"), (folder.eventLog, "")] {
      if !plans("printf %s \(ShellText.quote(text)) > \(ShellText.quote(path))") {
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
      }
    }
  }
}

extension QEMUOption {
  /// A character device of the kind `pipe` takes plain files, too: it reads NAME.in and writes NAME.out. (`file` learned to
  /// read from a file only after QEMU 7.2.)
  static func events(_ folder: MachineFolder) -> [String] {
    ["-chardev", "pipe,id=events,path=\(escape(folder.events))", "-mon", "chardev=events,mode=control"]
  }
}

/// The events of a machine from some moment on, one after the other.
public final class MachineEvents: Sendable {
  private struct State {
    var offset: Int
    var read: [MachineEvent] = []
  }

  private let log: EventLog
  private let names: Set<String>
  private let process: ProcessHandle?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - names: only these; empty is all.
  ///   - process: the machine's QEMU; nil when it has ended.
  init(_ log: EventLog, names: Set<String>, from offset: Int, process: ProcessHandle?) {
    self.log = log
    self.names = names
    self.process = process
    state = Mutex(State(offset: offset))
  }

  /// The next event.
  /// - Parameter limit: how long to wait for it; nil waits without one.
  /// - Returns: nil when QEMU has ended and all was read.
  /// - Throws: `timeout`, `cancelled`.
  public func next(within limit: Duration?) async throws(HostError) -> MachineEvent? {
    let start = ContinuousClock.now
    while true {
      let hasEnded = process?.hasEnded ?? true
      if let event = take() { return event }
      if hasEnded { return nil }
      if let limit, ContinuousClock.now - start >= limit {
        let wanted = names.isEmpty ? "no event" : "no event \(names.sorted().joined(separator: " or "))"
        throw HostError(.timeout, "\(wanted) came within \(limit.text)")
      }
      try await pause(.milliseconds(10))
    }
  }

  private func take() -> MachineEvent? {
    state.withLock { state in
      if state.read.isEmpty {
        let (events, end) = log.read(from: state.offset)
        state.offset = end
        state.read = events.filter { names.isEmpty || names.contains($0.name) }.reversed()
      }
      return state.read.popLast()
    }
  }
}

extension Machine {
  /// The events of the machine.
  /// - Parameters:
  ///   - names: only these; empty is all.
  ///   - fromStart: those since the machine's start, too; else those from now on.
  /// - Throws: `missing` when the machine's QEMU keeps no log of them.
  public func events(_ names: Set<String> = [], fromStart: Bool = false) throws(HostError) -> MachineEvents {
    let log = EventLog(path: folder.eventLog)
    guard Files.exists(log.path) else {
      throw HostError(
        .missing, "there are no events of the machine \(name)",
        hint: "it is gone, or was launched by an earlier kdevlua; launch it again")
    }
    return MachineEvents(log, names: names, from: fromStart ? 0 : log.end, process: process)
  }
}
