/// Python's str() and repr().
enum PythonText {
  /// repr() of a float: the shortest digits that read back as it, with an exponent below 1e-4 and from 1e16 on.
  static func repr(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    // Swift finds the same digits; only where the exponent begins differs.
    var digits = ""
    var exponent = 0
    var seenPoint = false
    var text = Substring(number.magnitude.description)
    if let mark = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: mark)...]) ?? 0
      text = text[..<mark]
    }
    for character in text {
      if character == "." {
        seenPoint = true
      } else {
        digits.append(character)
        if !seenPoint { exponent += 1 }
      }
    }
    while digits.hasPrefix("0"), digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
    if digits == "0" { exponent = 1 }
    let sign = number.sign == .minus ? "-" : ""
    // 0.d1d2... times ten to the exponent.
    if exponent > 16 || exponent < -3 {
      let power = exponent - 1
      let head = digits.prefix(1) + (digits.count > 1 ? "." + digits.dropFirst() : "")
      return "\(sign)\(head)e\(power < 0 ? "-" : "+")\(abs(power) < 10 ? "0" : "")\(abs(power))"
    }
    if exponent <= 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent))\(digits)" }
    if digits.count <= exponent {
      return "\(sign)\(digits)\(String(repeating: "0", count: exponent - digits.count)).0"
    }
    return "\(sign)\(digits.prefix(exponent)).\(digits.dropFirst(exponent))"
  }

  /// A float in JSON, which has no infinities.
  static func json(_ number: Double) -> String { number.isFinite ? repr(number) : "null" }

  /// repr() of a text.
  static func repr(_ text: String) -> String {
    let quote: Unicode.Scalar =
      text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      case quote: result.append(contentsOf: "\\\(quote)".unicodeScalars)
      case _ where isPrintable(scalar): result.append(scalar)
      case _ where scalar.value > 0xFFFF: result.append(contentsOf: "\\U\(scalar.hex(width: 8))".unicodeScalars)
      case _ where scalar.value > 0xFF: result.append(contentsOf: "\\u\(scalar.hex(width: 4))".unicodeScalars)
      default: result.append(contentsOf: "\\x\(scalar.hex(width: 2))".unicodeScalars)
      }
    }
    result.append(quote)
    return String(result)
  }

  /// repr() of bytes.
  static func repr(_ bytes: [UInt8]) -> String {
    let quote = bytes.contains(0x27) && !bytes.contains(0x22) ? "\"" : "'"
    var result = "b" + quote
    for byte in bytes {
      switch byte {
      case 0x5C: result += "\\\\"
      case 0x0A: result += "\\n"
      case 0x0D: result += "\\r"
      case 0x09: result += "\\t"
      case 0x27 where quote == "'": result += "\\'"
      case 0x20...0x7E: result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "\\x\(Unicode.Scalar(byte).hex(width: 2))"
      }
    }
    return result + quote
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return (0x20...0x7E).contains(scalar.value) }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }
}

extension ObjectHeap {
  /// What Python's str() gives.
  /// - Parameter longest: after so many characters the rest is left out, as "...".
  public func pythonText(_ object: Object, longest: Int = 1 << 20) -> String {
    if object.tag == .text { return texts.string(object.id) }
    if object.tag == .date || object.tag == .datetime {
      return texts.string(object.id).replacingFirst("T", with: " ")
    }
    var result = ""
    var open: [UInt32] = []
    repr(object, &result, &open, longest)
    return result
  }

  private func repr(_ object: Object, _ result: inout String, _ open: inout [UInt32], _ longest: Int) {
    guard result.utf8.count < longest else {
      if !result.hasSuffix("...") { result += "..." }
      return
    }
    switch object.tag {
    case .none: result += "None"
    case .bool: result += object.bits != 0 ? "True" : "False"
    case .integer: result += String(object.integerValue ?? 0)
    case .bigInteger: result += texts.string(object.id)
    case .float: result += PythonText.repr(object.floatValue ?? 0)
    case .text: result += PythonText.repr(texts.string(object.id))
    case .binary: result += PythonText.repr(Array(texts[object.id]))
    case .date, .datetime: result += PythonText.repr(timestamp: texts.string(object.id))
    case .list, .tuple, .dict: reprItems(object, &result, &open, longest)
    }
  }

  private func reprItems(_ object: Object, _ result: inout String, _ open: inout [UInt32], _ longest: Int) {
    let marks = object.tag == .list ? ("[", "]") : object.tag == .tuple ? ("(", ")") : ("{", "}")
    let identity = identity(object)
    guard !open.contains(identity), open.count < 200 else {
      result += "\(marks.0)...\(marks.1)"
      return
    }
    open.append(identity)
    result += marks.0
    let count = count(object)
    for place in 0..<count {
      if place > 0 { result += ", " }
      if result.utf8.count > longest { break }
      if object.tag == .dict {
        repr(key(object, at: place), &result, &open, longest)
        result += ": "
        repr(value(object, at: place), &result, &open, longest)
      } else {
        repr(item(object, at: place), &result, &open, longest)
      }
    }
    if object.tag == .tuple, count == 1 { result += "," }
    result += marks.1
    open.removeLast()
  }
}

extension PythonText {
  /// repr() of a date or datetime by its ISO text: `datetime.date(2024, 1, 2)`.
  static func repr(timestamp iso: String) -> String {
    let parts = iso.split(separator: "T", maxSplits: 1)
    let date = (parts.first ?? "").split(separator: "-").compactMap { Int($0) }
    guard parts.count == 2 else { return "datetime.date(\(list(date)))" }
    var time = parts[1]
    var zone = ""
    if let mark = time.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      let offset = time[time.index(after: mark)...].split(separator: ":").compactMap { Int($0) }
      let seconds = offset.reduce(0) { $0 * 60 + $1 } * 60
      if seconds == 0 {
        zone = ", tzinfo=datetime.timezone.utc"
      } else if time[mark] == "+" {
        zone = ", tzinfo=datetime.timezone(datetime.timedelta(seconds=\(seconds)))"
      } else {
        zone = ", tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=\(86400 - seconds)))"
      }
      time = time[..<mark]
    }
    var clock = time.split { $0 == ":" || $0 == "." }.compactMap { Int($0) }
    if clock.count == 3, clock[2] == 0 { clock.removeLast() }
    return "datetime.datetime(\(list(date + clock))\(zone))"
  }

  private static func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ", ") }
}

extension String {
  fileprivate func replacingFirst(_ mark: Character, with other: Character) -> String {
    guard let place = firstIndex(of: mark) else { return self }
    return self[..<place] + String(other) + self[index(after: place)...]
  }
}
