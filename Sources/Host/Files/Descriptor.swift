import Glibc

/// Descriptors of open files.
public enum Descriptor {
  /// Writes all of the bytes, however few the system takes at once; waits where somebody has made the descriptor one that does
  /// not block.
  /// - Returns: 0, or the number of the error that has ended it.
  @discardableResult public static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32 {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&room, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// The same with a text as UTF-8.
  @discardableResult public static func write(_ text: String, to descriptor: Int32) -> Int32 {
    write(text.utf8, to: descriptor)
  }
}
