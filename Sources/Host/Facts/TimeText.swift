/// Times and lengths of time as text.
public enum TimeText {
  /// Seconds since 1970 of a time as RFC 3339 writes it; the time of day may be left out and is midnight then, and so may the
  /// offset, which is UTC then.
  public static func parse(_ text: String) -> Double? {
    var rest = text[...]
    guard let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest), take("-", &rest),
      let day = digits(2, &rest), (1...12).contains(month), (1...length(of: month, year)).contains(day)
    else { return nil }
    var seconds = Double(days(year, month, day)) * 86400
    if rest.isEmpty { return seconds }
    guard take("T", &rest) || take("t", &rest) || take(" ", &rest), let hour = digits(2, &rest), take(":", &rest),
      let minute = digits(2, &rest), hour < 24, minute < 60
    else { return nil }
    seconds += Double(hour * 3600 + minute * 60)
    if take(":", &rest) {
      // 60 is a leap second.
      guard let second = digits(2, &rest), second <= 60 else { return nil }
      seconds += Double(second)
      if take(".", &rest) {
        let fraction = rest.prefix { $0.isASCII && $0.isNumber }
        guard !fraction.isEmpty, let value = Double("0." + fraction) else { return nil }
        seconds += value
        rest = rest.dropFirst(fraction.count)
      }
    }
    return offset(rest).map { seconds - Double($0) }
  }

  /// Seconds east of UTC; nil for what is no offset.
  private static func offset(_ text: Substring) -> Int? {
    var rest = text
    if rest.isEmpty || rest == "Z" || rest == "z" { return 0 }
    let sign = rest.removeFirst()
    guard sign == "+" || sign == "-", let hours = digits(2, &rest), hours < 24 else { return nil }
    _ = take(":", &rest)
    guard let minutes = digits(2, &rest), minutes < 60, rest.isEmpty else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  /// The two largest units: "1 h 5 min", "2.5 s", "300 ms".
  public static func duration(_ seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded())
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let tenths = Int((seconds * 10).rounded())
    if tenths < 600 { return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return pair(whole / 60, "min", whole % 60, "s") }
    if whole < 86400 { return pair(whole / 3600, "h", whole % 3600 / 60, "min") }
    return pair(whole / 86400, "d", whole % 86400 / 3600, "h")
  }

  private static func pair(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }

  private static func digits(_ count: Int, _ rest: inout Substring) -> Int? {
    let text = rest.prefix(count)
    guard text.count == count, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    rest = rest.dropFirst(count)
    return Int(text)
  }

  private static func take(_ character: Character, _ rest: inout Substring) -> Bool {
    guard rest.first == character else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func length(of month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }
}
