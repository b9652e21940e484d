import CHost
import Glibc
import Synchronization

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
        let number = errno
        if descriptor == STDOUT_FILENO {
          _ = outputError.compareExchange(expected: 0, desired: number, ordering: .relaxed)
        }
        return number
      }
    }
    return 0
  }

  /// The error of an output that `write` could not write, by what it returned.
  public static func failure(_ number: Int32) -> HostError { .system("could not write the output", errno: number) }

  /// Whether it is the error of an output that nobody reads any more.
  public static func isUnread(_ error: HostError) -> Bool { error.message == failure(EPIPE).message }

  /// What was the first to keep standard output from being written.
  private static let outputError = Atomic<Int32>(0)

  /// Writes what the C library still holds of standard output, at the end of the program.
  /// - Returns: Why something of the output is lost; nil when it is not, or was lost because nobody reads any more.
  public static func finishOutput() -> String? {
    let late = chost_finish_output()
    let early = outputError.load(ordering: .relaxed)
    let number = early == 0 ? late : early
    guard number != 0, number != EPIPE, chost_is_output_read() != 0 else { return nil }
    return "could not write the output" + (number > 0 ? ": \(String(cString: strerror(number)))" : "")
  }

  /// The same with a text as UTF-8.
  @discardableResult public static func write(_ text: String, to descriptor: Int32) -> Int32 {
    write(text.utf8, to: descriptor)
  }
}
