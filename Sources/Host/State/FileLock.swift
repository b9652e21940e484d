import Glibc

/// An exclusive lock on a file, held until it is let go or the process ends, by whatever way (flock(2)).
final class FileLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Takes the lock, or returns nil when it is held.
  static func attempt(_ path: String) throws(HostError) -> FileLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("could not open the lock \(path)", errno: errno) }
    while true {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        var (held, there) = (stat(), stat())
        fstat(descriptor, &held)
        // Somebody who held it may have removed the file since it was opened: then this is a lock on nothing.
        if stat(path, &there) == 0, held.st_ino == there.st_ino, held.st_dev == there.st_dev {
          return FileLock(descriptor: descriptor)
        }
        close(descriptor)
        return try attempt(path)
      }
      let code = errno
      if code == EINTR { continue }
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw .system("could not lock \(path)", errno: code)
    }
  }

  /// Takes the lock as soon as it is free. Other tasks of this process go on meanwhile, so they can let it go.
  /// - Throws: `cancelled`; `busy` with the message when it is not free within the limit.
  static func acquire(
    _ path: String, within limit: Duration? = nil, else message: @autoclosure () -> String = ""
  ) async throws(HostError) -> FileLock {
    let end = limit.map { ContinuousClock.now + $0 }
    while true {
      if let lock = try attempt(path) { return lock }
      if let end, ContinuousClock.now >= end { throw HostError(.busy, message()) }
      try await pause(.milliseconds(10))
    }
  }

  /// Takes a lock that is only ever held for the time of a few system calls.
  static func wait(_ path: String) throws(HostError) -> FileLock {
    while true {
      if let lock = try attempt(path) { return lock }
      usleep(200)
    }
  }

  deinit {
    // A program that is being started holds a copy of the descriptor until it runs; closing ours would not let the lock go.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
