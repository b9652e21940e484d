import CHost
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
    return names.compactMap { name in
      guard let id = pid_t(name), let bytes = try? Files.read("/proc/\(name)/cmdline"), !bytes.isEmpty else {
        return nil
      }
      let arguments = bytes.dropLast(bytes.last == 0 ? 1 : 0).split(separator: 0, omittingEmptySubsequences: false)
      return Process(id: id, arguments: arguments.map { String(decoding: $0, as: UTF8.self) })
    }
  }

  /// Sends a signal to the process with that id, if it still is the one meant: a pidfd is opened first and the command
  /// line compared after, so a reused id is never hit.
  /// - Returns: false when it is gone.
  static func signal(_ signal: Int32, _ process: Process) -> Bool {
    let descriptor = chost_pidfd_open(process.id)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard all().contains(where: { $0.id == process.id && $0.arguments == process.arguments }) else { return false }
    return chost_pidfd_signal(descriptor, signal) == 0
  }
}
