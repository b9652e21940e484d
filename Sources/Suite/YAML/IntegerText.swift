/// An integer of any size, built digit by digit in any base, for texts that may not fit `Int`.
struct IntegerText {
  /// Python refuses to convert more digits than this; here it also bounds the work, which is quadratic.
  static let longest = 4300

  /// Groups of nine decimal digits, the lowest first.
  private var groups: [UInt64] = []
  private static let groupSize: UInt64 = 1_000_000_000

  /// Multiplies by the base and adds the digit. Both must be below 2³².
  mutating func append(digit: Int, base: Int) {
    var carry = UInt64(digit)
    for position in groups.indices {
      let product = groups[position] * UInt64(base) + carry
      groups[position] = product % Self.groupSize
      carry = product / Self.groupSize
    }
    while carry > 0 {
      groups.append(carry % Self.groupSize)
      carry /= Self.groupSize
    }
  }

  /// The number as a value: `.integer` when it fits, else `.bigInteger`.
  func value(negative: Bool) -> YAMLValue {
    guard let top = groups.last else { return .integer(0) }
    var digits = negative ? "-" : ""
    digits += String(top)
    for group in groups.dropLast().reversed() {
      let text = String(group)
      digits += String(repeating: "0", count: 9 - text.utf8.count) + text
    }
    return Int(digits).map(YAMLValue.integer) ?? .bigInteger(digits)
  }
}
