import Glibc

/// An exclusive lock on a file, held until it is released or the process ends, by whatever way (flock(2)).
public final class FileLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Takes the lock, or returns nil when another process holds it.
  static func attempt(_ path: String) throws(HostError) -> FileLock? {
    let descriptor = try openFile(path)
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return FileLock(descriptor: descriptor) }
    let code = errno
    close(descriptor)
    if code == EWOULDBLOCK { return nil }
    throw .system("could not lock \(path)", errno: code)
  }

  /// Takes the lock and waits for it; only for locks that are held for moments.
  static func wait(_ path: String) throws(HostError) -> FileLock {
    let descriptor = try openFile(path)
    while flock(descriptor, LOCK_EX) != 0 {
      if errno == EINTR { continue }
      let code = errno
      close(descriptor)
      throw .system("could not lock \(path)", errno: code)
    }
    return FileLock(descriptor: descriptor)
  }

  private static func openFile(_ path: String) throws(HostError) -> Int32 {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("could not open the lock \(path)", errno: errno) }
    return descriptor
  }

  deinit { close(descriptor) }
}
