import Glibc

/// The clocks of the system, in seconds.
public enum Clock {
  /// Since 1970-01-01T00:00:00Z. It jumps when somebody sets it.
  public static var wall: Double { read(CLOCK_REALTIME) }

  /// Since some moment before. It only goes on, and stands still while the machine is suspended.
  public static var monotonic: Double { read(CLOCK_MONOTONIC) }

  /// A time in UTC, by strftime(3).
  /// - Parameter seconds: since 1970; a fraction is cut off.
  /// - Throws: `invalid` for a time whose year is no `Int32`.
  public static func format(_ seconds: Double, _ format: String) throws(HostError) -> String {
    try self.format(seconds, format, gmtime_r)
  }

  /// A time where the machine stands, by strftime(3).
  /// - Parameter seconds: since 1970; a fraction is cut off.
  /// - Throws: `invalid` for a time whose year is no `Int32`.
  public static func localTime(_ seconds: Double, _ format: String) throws(HostError) -> String {
    try self.format(seconds, format, localtime_r)
  }

  private static func format(
    _ seconds: Double, _ format: String,
    _ split: (UnsafePointer<time_t>?, UnsafeMutablePointer<tm>?) -> UnsafeMutablePointer<tm>?
  ) throws(HostError) -> String {
    var parts = tm()
    guard let whole = Int(exactly: seconds.rounded(.down)) else {
      throw HostError(.invalid, "\(seconds) is not a time in seconds since 1970")
    }
    var time = time_t(whole)
    guard split(&time, &parts) != nil else {
      throw HostError(.invalid, "\(seconds) seconds since 1970 have no date")
    }
    // 0 means "too small" as well as "empty", so the result is never empty.
    let padded = format + "."
    var buffer = [CChar](repeating: 0, count: 128)
    while true {
      let count = strftime(&buffer, buffer.count, padded, &parts)
      if count > 0 { return String(decoding: buffer[..<(count - 1)].map { UInt8(bitPattern: $0) }, as: UTF8.self) }
      guard buffer.count < 1 << 20 else { throw HostError(.invalid, "the format of a time gives more than 1 MiB") }
      buffer = [CChar](repeating: 0, count: buffer.count * 2)
    }
  }

  private static func read(_ clock: clockid_t) -> Double {
    var now = timespec()
    clock_gettime(clock, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
