/// Writes a value as YAML in block style, which PyYAML's `safe_load` and `YAMLReader` read back as the same value.
struct YAMLWriter {
  private(set) var text = ""

  /// A whole document.
  mutating func write(_ value: YAMLValue) {
    if let inline = inline(value) {
      text += inline + "\n"
    } else {
      writeBlock(value, indent: 0)
    }
  }

  /// A collection that is not empty; the cursor stands where its first line begins.
  private mutating func writeBlock(_ value: YAMLValue, indent: Int) {
    let margin = String(repeating: " ", count: indent)
    switch value {
    case .sequence(let items):
      for (position, item) in items.enumerated() {
        if position > 0 { text += margin }
        text += "-"
        writeItem(item, indent: indent, beginsOnLine: true)
      }
    case .mapping(let mapping):
      for (position, pair) in mapping.enumerated() {
        if position > 0 { text += margin }
        let key = keyText(pair.key)
        // A key before its ":" is bounded to 1024 characters; a long one gets a line of its own.
        if key.utf8.count > 128 {
          text += "? \(key)\n\(margin):"
          writeItem(pair.value, indent: indent, beginsOnLine: true)
        } else {
          text += "\(key):"
          writeItem(pair.value, indent: indent, beginsOnLine: false)
        }
      }
    default: break
    }
  }

  /// What follows a `-` or a `:`, to the end of its last line.
  private mutating func writeItem(_ value: YAMLValue, indent: Int, beginsOnLine: Bool) {
    if let inline = inline(value) {
      text += " \(inline)\n"
    } else if case .string(let string) = value {
      writeLiteral(string, indent: indent + 2)
    } else if beginsOnLine {
      text += " "
      writeBlock(value, indent: indent + 2)
    } else {
      text += "\n" + String(repeating: " ", count: indent + 2)
      writeBlock(value, indent: indent + 2)
    }
  }

  private mutating func writeLiteral(_ string: String, indent: Int) {
    let margin = String(repeating: " ", count: indent)
    var lines = string.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    // Behind the last line break comes an empty piece, which is no line.
    let endsLine = lines.last?.isEmpty == true
    if endsLine { lines.removeLast() }
    let endsEmpty = lines.last?.isEmpty == true
    text += endsLine ? (endsEmpty ? " |+\n" : " |\n") : " |-\n"
    for line in lines {
      text += line.isEmpty ? "\n" : "\(margin)\(String(String.UnicodeScalarView(line)))\n"
    }
  }

  /// A value that fits behind its key; nil for a block.
  private func inline(_ value: YAMLValue) -> String? {
    switch value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .bigInteger(let digits): digits
    case .float(let number): Self.float(number)
    case .timestamp(let timestamp): timestamp.iso
    case .binary(let bytes): "!!binary \"\(Base64.encode(bytes))\""
    case .string(let string):
      // At the root a literal has no indentation to tell it from the document's marks.
      !text.isEmpty && ScalarStyle.canBeLiteral(string) ? nil : ScalarStyle.oneLine(string)
    case .sequence(let items): items.isEmpty ? "[]" : nil
    case .mapping(let mapping): mapping.isEmpty ? "{}" : nil
    }
  }

  private func keyText(_ key: YAMLValue) -> String {
    switch key {
    case .string(let string): ScalarStyle.oneLine(string)
    // Python has no collections as keys; this at least can be read.
    case .sequence, .mapping: ScalarStyle.quoted(key.json())
    default: inline(key) ?? ""
    }
  }

  /// A float in YAML 1.1's form, which wants a point: `1e+16` is a string there.
  private static func float(_ number: Double) -> String {
    if number.isNaN { return ".nan" }
    if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
    let text = number.description
    guard !text.contains("."), let exponent = text.firstIndex(of: "e") else { return text }
    return "\(text[..<exponent]).0\(text[exponent...])"
  }
}

/// How a string can be written.
enum ScalarStyle {
  /// The string on one line: plain where that is surely a string again, else in double quotes.
  static func oneLine(_ string: String) -> String {
    canBePlain(string) ? string : quoted(string)
  }

  /// Whether a string can be a literal block: several lines, printable, and with a first line that shows the indentation.
  static func canBeLiteral(_ string: String) -> Bool {
    guard let first = string.unicodeScalars.first, first != " ", first != "\t", first != "\n" else { return false }
    return string.utf8.contains(UInt8(ascii: "\n"))
      && string.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || isPrintable($0) }
  }

  /// The string in double quotes.
  static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
      case _ where scalar.value > 0xFFFF: text += "\\U" + scalar.hex(width: 8)
      default: text += "\\u" + scalar.hex(width: 4)
      }
    }
    return text + "\""
  }

  /// Careful rather than complete: quotes too much, never too little, also for readers of YAML 1.2.
  private static func canBePlain(_ string: String) -> Bool {
    let bytes = Array(string.utf8)
    guard let first = bytes.first, let last = bytes.last, first.isPlainStart, last != UInt8(ascii: " "),
      last != UInt8(ascii: ":"), bytes.allSatisfy({ (0x20...0x7E).contains($0) })
    else { return false }
    let text = String(decoding: bytes, as: UTF8.self)
    if case .string = ScalarResolver.tag(of: text) {} else { return false }
    if ["y", "n", "Y", "N"].contains(text) || text.hasPrefix("0o") || text.hasPrefix("0x") || Double(text) != nil {
      return false
    }
    return zip(bytes, bytes.dropFirst()).allSatisfy { current, next in
      !(current == UInt8(ascii: ":") && next == UInt8(ascii: " "))
        && !(current == UInt8(ascii: " ") && next == UInt8(ascii: "#"))
    }
  }

  /// Of the characters that YAML allows, those that are no line break to anyone, nor a byte order mark.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2028, 0x2029, 0xFEFF: false
    case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }
}

extension UInt8 {
  fileprivate var isPlainStart: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"): true
    default: false
    }
  }
}

extension YAMLValue {
  /// The value as YAML, in block style and with keys in their order, ending with a line break.
  ///
  /// PyYAML's `safe_load` reads it back as the same value.
  public var yaml: String {
    var writer = YAMLWriter()
    writer.write(self)
    return writer.text
  }
}
