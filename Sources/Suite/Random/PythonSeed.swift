/// A seed as Python's `random.seed` and teuthology's `--seed` take it: an integer of any size.
public struct PythonSeed: Sendable, Equatable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// The number without its sign in words of 32 bits, the lowest first; at least one.
  public let magnitude: [UInt32]
  /// Whether it is below zero.
  public let isNegative: Bool
  /// The number in decimal digits.
  public let description: String

  public init(integerLiteral value: Int) { self.init(value) }

  public init(_ value: Int) {
    let number = value.magnitude
    let low = UInt32(truncatingIfNeeded: number)
    let high = UInt32(truncatingIfNeeded: number >> 32)
    magnitude = high == 0 ? [low] : [low, high]
    isNegative = value < 0
    description = String(value)
  }

  /// Reads decimal digits with an optional sign; nil when the text is anything else.
  public init?(_ text: String) {
    var digits = Substring(text).utf8[...]
    isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty else { return nil }
    var words: [UInt32] = [0]
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      var carry = UInt64(digit - UInt8(ascii: "0"))
      for index in words.indices {
        carry += UInt64(words[index]) * 10
        words[index] = UInt32(truncatingIfNeeded: carry)
        carry >>= 32
      }
      if carry > 0 { words.append(UInt32(carry)) }
    }
    magnitude = words
    let significant = Substring(digits.drop { $0 == UInt8(ascii: "0") })
    description = significant.isEmpty ? "0" : (isNegative ? "-" : "") + significant
  }

  /// The number, when it fits.
  public var int: Int? { Int(description) }
}
