import Glibc

/// A process that cannot be taken for a later one of its number: the number, and when it started in clock ticks since the
/// host's boot (proc_pid_stat(5), starttime).
public struct ProcessIdentity: Codable, Sendable, Equatable {
  public let id: Int32
  let started: UInt64

  /// This process.
  static let current = ProcessIdentity(running: getpid())

  /// - Returns: nil when no process has that number.
  init?(running id: Int32) {
    // "ID (NAME) STATE ..."; a name may hold anything. The start is the 20th field after the name.
    guard let text = try? Files.read("/proc/\(id)/stat"), let bracket = text.lastIndex(of: UInt8(ascii: ")")) else {
      return nil
    }
    let fields = text[(bracket + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let started = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
    self.id = id
    self.started = started
  }

  /// Whether it still runs.
  public var isRunning: Bool { ProcessIdentity(running: id) == self }
}
