import CHost
import Glibc

/// A process, held by a pidfd (pidfd_open(2)): it never comes to mean another one that gets its number later.
final class ProcessHandle: Sendable {
  let id: pid_t
  private let descriptor: Int32

  /// - Parameter process: as it was seen; nil is returned when it has ended since, or its number is another's by now.
  init?(_ process: Processes.Process) {
    id = process.id
    descriptor = chost_pidfd_open(process.id)
    guard descriptor >= 0 else { return nil }
    // Compared after the descriptor was opened: what has this command line now is what the descriptor means.
    guard Processes.process(process.id)?.arguments == process.arguments else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }

  /// Whether it has ended, also when nobody has asked for its status yet.
  var hasEnded: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) > 0
  }

  /// - Returns: false when it is gone.
  @discardableResult func signal(_ signal: Int32) -> Bool { chost_pidfd_signal(descriptor, signal) == 0 }

  /// Waits for its end.
  /// - Parameter limit: nil waits without one.
  /// - Returns: whether it ended within the limit.
  func end(within limit: Duration?) async throws(HostError) -> Bool {
    let start = ContinuousClock.now
    while !hasEnded {
      let passed = ContinuousClock.now - start
      if let limit, passed >= limit { return false }
      // Most end within some milliseconds.
      try await pause(.milliseconds(passed < .milliseconds(50) ? 1 : 5))
    }
    return true
  }
}
