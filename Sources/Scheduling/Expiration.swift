import Host

/// Until when the jobs of a run may be started: `--expire` of teuthology-suite.
public enum Expiration {
  /// Reads a time as RFC 3339 writes it or as `2026-01-31_12:00:00`, in UTC unless it says otherwise, or a time from now: a
  /// number and `s`, `m`, `h`, `d` or `w`.
  /// - Parameters:
  ///   - text: as it was given.
  ///   - now: seconds since 1970.
  /// - Returns: the time in UTC as the dispatcher reads it. (teuthology-suite drops the offset of a time that has one.)
  /// - Throws: `invalid` for another text, and for a time in the past.
  static func time(_ text: String, now: Double) throws(HostError) -> String {
    guard let seconds = seconds(text, now: now) else {
      throw HostError(
        .invalid, "--expire: \"\(text)\" is no time", hint: "2026-01-31T12:00, or from now on: 90s, 30m, 7h, 3d, 2w")
    }
    guard seconds > now else { throw HostError(.invalid, "--expire: \(text) is in the past") }
    return try Clock.format(seconds, "%Y-%m-%d_%H:%M:%S")
  }

  private static func seconds(_ text: String, now: Double) -> Double? {
    if let unit = text.last, let length = lengths[unit], let count = UInt32(text.dropLast()) {
      return now + Double(count) * length
    }
    // A date has ten characters; what is between it and the time of day differs.
    var time = text
    let place = time.index(time.startIndex, offsetBy: 10, limitedBy: time.endIndex) ?? time.endIndex
    if place < time.endIndex, time[place] == "_" { time.replaceSubrange(place...place, with: "T") }
    return TimeText.parse(time)
  }

  private static let lengths: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
}
