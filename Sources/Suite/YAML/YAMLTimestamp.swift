/// A date, or a date with a time, kept as its ISO 8601 text.
///
/// The text is the one Python's `isoformat()` gives, so `2024-1-2 3:04:05Z` is kept as `2024-01-02T03:04:05+00:00`.
public struct YAMLTimestamp: Sendable, Hashable {
  /// The ISO 8601 text: `2024-01-02`, or `2024-01-02T03:04:05.000600+02:00`.
  public let iso: String
  /// Whether there is a time beside the date.
  public let hasTime: Bool

  /// Reads a timestamp in any of the spellings of YAML 1.1.
  /// - Parameter text: such as `2024-01-02` or `2001-12-14t21:59:43.10-05:00`.
  /// - Returns: nil when the text is not a timestamp, or names a day or time that does not exist.
  public init?(_ text: String) {
    guard let fields = TimestampFields(text), fields.isReal else { return nil }
    iso = fields.iso
    hasTime = fields.time != nil
  }

  /// Whether a plain scalar is taken for a timestamp (PyYAML's resolver, which looks at the form alone: `2024-13-45`
  /// resolves to a timestamp, and is then an error).
  static func hasForm(_ text: String) -> Bool {
    guard let fields = TimestampFields(text) else { return false }
    // Without a time, month and day must have two digits each.
    return fields.time != nil || text.utf8.count == 10
  }
}

/// The parts of a timestamp by PyYAML's `timestamp_regexp`, not yet checked against the calendar.
private struct TimestampFields {
  struct Time {
    var hour = 0
    var minute = 0
    var second = 0
    var microsecond = 0
    /// Minutes east of Greenwich; nil for a time without a zone.
    var offset: Int?
  }

  var year = 0
  var month = 0
  var day = 0
  var time: Time?

  init?(_ text: String) {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(4...4), scanner.skip("-"), let month = scanner.number(1...2), scanner.skip("-"),
      let day = scanner.number(1...2)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    if scanner.isAtEnd { return }

    guard scanner.skip("T") || scanner.skip("t") || scanner.skipBlanks() else { return nil }
    var time = Time()
    guard let hour = scanner.number(1...2), scanner.skip(":"), let minute = scanner.number(2...2), scanner.skip(":"),
      let second = scanner.number(2...2)
    else { return nil }
    (time.hour, time.minute, time.second) = (hour, minute, second)
    if scanner.skip(".") { time.microsecond = scanner.microseconds() }
    if !scanner.isAtEnd {
      scanner.skipBlanks()
      guard let offset = Self.offset(&scanner), scanner.isAtEnd else { return nil }
      time.offset = offset
    }
    self.time = time
  }

  private static func offset(_ scanner: inout DigitScanner) -> Int? {
    if scanner.skip("Z") { return 0 }
    let west = scanner.skip("-")
    guard west || scanner.skip("+"), let hours = scanner.number(1...2) else { return nil }
    var minutes = 0
    if scanner.skip(":") {
      guard let number = scanner.number(2...2) else { return nil }
      minutes = number
    }
    return (hours * 60 + minutes) * (west ? -1 : 1)
  }

  /// Whether Python's datetime would take it.
  var isReal: Bool {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year > 0, (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return false }
    guard let time else { return true }
    return time.hour < 24 && time.minute < 60 && time.second < 60 && abs(time.offset ?? 0) < 24 * 60
  }

  var iso: String {
    let date = "\(padded(year, 4))-\(padded(month))-\(padded(day))"
    guard let time else { return date }
    var text = "\(date)T\(padded(time.hour)):\(padded(time.minute)):\(padded(time.second))"
    if time.microsecond != 0 { text += ".\(padded(time.microsecond, 6))" }
    if let offset = time.offset {
      text += "\(offset < 0 ? "-" : "+")\(padded(abs(offset) / 60)):\(padded(abs(offset) % 60))"
    }
    return text
  }

  private func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

/// Reads ASCII digits and marks one after the other.
private struct DigitScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }

  mutating func skip(_ mark: Unicode.Scalar) -> Bool {
    guard position < bytes.count, UInt32(bytes[position]) == mark.value else { return false }
    position += 1
    return true
  }

  @discardableResult
  mutating func skipBlanks() -> Bool {
    let start = position
    while skip(" ") || skip("\t") {}
    return position > start
  }

  /// As many digits as there are, but no more than the upper bound; nil when there are fewer than the lower.
  mutating func number(_ width: ClosedRange<Int>) -> Int? {
    var number = 0
    var digits = 0
    while digits < width.upperBound, let digit = digit() {
      number = number * 10 + digit
      digits += 1
    }
    return digits >= width.lowerBound ? number : nil
  }

  /// A fraction of a second, cut after six digits.
  mutating func microseconds() -> Int {
    var number = 0
    var digits = 0
    while let digit = digit() {
      if digits < 6 {
        number = number * 10 + digit
        digits += 1
      }
    }
    while digits < 6 {
      number *= 10
      digits += 1
    }
    return number
  }

  private mutating func digit() -> Int? {
    guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
    defer { position += 1 }
    return Int(bytes[position] - 0x30)
  }
}
