import Glibc

/// Running processes, as /proc shows them (proc(5)).
enum Processes {
  struct Process: Sendable {
    let id: pid_t
    let arguments: [String]
  }

  /// All processes whose command line can be read; zombies have none.
  static func all() -> [Process] {
    guard let names = try? Files.list("/proc") else { return [] }
    return names.compactMap { name in pid_t(name).flatMap(process) }
  }

  /// The process with that number now; nil when there is none, or none with a command line.
  static func process(_ id: pid_t) -> Process? {
    guard let bytes = try? Files.read("/proc/\(id)/cmdline"), !bytes.isEmpty else { return nil }
    let arguments = bytes.dropLast(bytes.last == 0 ? 1 : 0).split(separator: 0, omittingEmptySubsequences: false)
    return Process(id: id, arguments: arguments.map { String(decoding: $0, as: UTF8.self) })
  }

  /// Sends a signal to the process with that id, if it still is the one meant: a pidfd is opened first and the command
  /// line compared after, so a reused id is never hit.
  /// - Returns: false when it is gone.
  static func signal(_ signal: Int32, _ process: Process) -> Bool {
    ProcessHandle(process)?.signal(signal) ?? false
  }
}
