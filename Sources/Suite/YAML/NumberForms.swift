/// Integers: PyYAML's pattern, and Python's value of what it matches.
enum IntegerForm {
  /// `[-+]?0b[0-1_]+ | [-+]?0[0-7_]+ | [-+]?(?:0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+ | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+`
  static func matches(_ text: String) -> Bool {
    var cursor = ByteCursor(text)
    _ = cursor.skipSign()
    guard cursor.skip("0") else {
      guard cursor.skip(while: \.isDigitOrUnderscore) > 0, firstDigit(text)?.isDigit == true else { return false }
      _ = cursor.skipSexagesimals()
      return cursor.isAtEnd
    }
    if cursor.isAtEnd { return true }
    let count =
      if cursor.skip("b") {
        cursor.skip { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") || $0 == UInt8(ascii: "_") }
      } else if cursor.skip("x") {
        cursor.skip { digit($0, base: 16) != nil || $0 == UInt8(ascii: "_") }
      } else {
        cursor.skip { digit($0, base: 8) != nil || $0 == UInt8(ascii: "_") }
      }
    return count > 0 && cursor.isAtEnd
  }

  /// The integer, as PyYAML constructs it.
  /// - Returns: nil when Python would refuse: no digit at all (`0x_`), a wrong one, or more than it converts.
  static func value(of text: String) -> YAMLValue? {
    var digits = text.utf8.filter { $0 != UInt8(ascii: "_") }
    guard digits.count <= IntegerText.longest else { return nil }
    let negative = digits.first == UInt8(ascii: "-")
    if negative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    if digits.contains(UInt8(ascii: ":")), digits.first != UInt8(ascii: "0") {
      return sexagesimal(digits, negative: negative)
    }
    if digits.first == UInt8(ascii: "0"), digits.count > 1 {
      switch digits[1] {
      case UInt8(ascii: "b"): return number(digits.dropFirst(2), base: 2, negative: negative)
      case UInt8(ascii: "x"): return number(digits.dropFirst(2), base: 16, negative: negative)
      default: return number(digits[...], base: 8, negative: negative)
      }
    }
    return number(digits[...], base: 10, negative: negative)
  }

  private static func firstDigit(_ text: String) -> UInt8? {
    text.utf8.first { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }
  }

  private static func number(_ digits: ArraySlice<UInt8>, base: Int, negative: Bool) -> YAMLValue? {
    guard !digits.isEmpty else { return nil }
    var number = IntegerText()
    for byte in digits {
      guard let digit = digit(byte, base: base) else { return nil }
      number.append(digit: digit, base: base)
    }
    return number.value(negative: negative)
  }

  private static func sexagesimal(_ digits: [UInt8], negative: Bool) -> YAMLValue? {
    let parts = digits.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var number = IntegerText()
    for (position, part) in parts.enumerated() {
      guard !part.isEmpty, part.allSatisfy(\.isDigit) else { return nil }
      if position == 0 {
        for byte in part { number.append(digit: Int(byte - 0x30), base: 10) }
      } else {
        guard let digit = Int(String(decoding: part, as: UTF8.self)), digit < 60 else { return nil }
        number.append(digit: digit, base: 60)
      }
    }
    return number.value(negative: negative)
  }

  private static func digit(_ byte: UInt8, base: Int) -> Int? {
    let digit =
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
      default: base
      }
    return digit < base ? digit : nil
  }
}

/// Floats: PyYAML's pattern, and Python's value of what it matches.
enum FloatForm {
  /// `[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)? | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)? |
  /// [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]* | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)`
  ///
  /// So a float needs a point, and an exponent needs its sign.
  static func matches(_ text: String) -> Bool {
    if special(text) != nil { return true }
    var cursor = ByteCursor(text)
    let isSigned = cursor.skipSign()
    if cursor.skip(".") {
      // This one has no sign: "-.5" is a string.
      return !isSigned && startsWithDigit(&cursor) && skipExponent(&cursor) && cursor.isAtEnd
    }
    guard startsWithDigit(&cursor) else { return false }
    let sexagesimals = cursor.skipSexagesimals()
    guard cursor.skip(".") else { return false }
    cursor.skip(while: \.isDigitOrUnderscore)
    return (sexagesimals > 0 || skipExponent(&cursor)) && cursor.isAtEnd
  }

  /// The float, as PyYAML constructs it.
  /// - Returns: nil when Python would refuse the text.
  static func value(of text: String) -> YAMLValue? {
    if let special = special(text) ?? special(text.lowercased()) { return .float(special) }
    var plain = text.filter { $0 != "_" }
    let negative = plain.hasPrefix("-")
    if negative || plain.hasPrefix("+") { plain.removeFirst() }
    var number = 0.0
    // Summed up from the last part, as Python does: another order can round otherwise.
    var base = 1.0
    for part in plain.split(separator: ":", omittingEmptySubsequences: false).reversed() {
      guard let digits = decimal(part) else { return nil }
      number += digits * base
      base *= 60
    }
    return .float(negative ? -number : number)
  }

  private static func startsWithDigit(_ cursor: inout ByteCursor) -> Bool {
    var ahead = cursor
    guard ahead.skip(while: \.isDigit) > 0 else { return false }
    cursor.skip(while: \.isDigitOrUnderscore)
    return true
  }

  /// Skips an exponent if there is one; false when it is begun but not whole.
  private static func skipExponent(_ cursor: inout ByteCursor) -> Bool {
    guard cursor.skip("e") || cursor.skip("E") else { return true }
    return cursor.skipSign() && cursor.skip(while: \.isDigit) > 0
  }

  private static func special(_ text: String) -> Double? {
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .infinity
    case "-.inf", "-.Inf", "-.INF": -.infinity
    case ".nan", ".NaN", ".NAN": .nan
    default: nil
    }
  }

  /// Python's `float()` of an unsigned decimal.
  private static func decimal(_ text: Substring) -> Double? {
    guard let first = text.utf8.first, first.isDigit || first == UInt8(ascii: ".") else { return nil }
    guard text.utf8.allSatisfy({ $0.isDigit || "eE+-.".utf8.contains($0) }) else { return nil }
    // Swift wants digits on both sides of the point.
    var text = String(text)
    if text.hasPrefix(".") { text = "0" + text }
    if let point = text.firstIndex(of: "."), text[point...].dropFirst().first?.isNumber != true {
      text.remove(at: point)
    }
    return Double(text)
  }
}
