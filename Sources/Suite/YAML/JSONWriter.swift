/// Writes a value as JSON on one line without spaces.
struct JSONWriter {
  let sortsKeys: Bool
  private(set) var text = ""

  init(sortsKeys: Bool) { self.sortsKeys = sortsKeys }

  mutating func write(_ value: YAMLValue) {
    switch value {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .bigInteger(let digits): text += digits
    case .float(let number): text += number.isFinite ? number.description : "null"
    case .string(let string): write(string)
    case .timestamp(let timestamp): write(timestamp.iso)
    case .binary(let bytes): write(Base64.encode(bytes))
    case .sequence(let items):
      write(items, between: "[", "]") { writer, item in writer.write(item) }
    case .mapping(let mapping):
      var pairs = mapping.map { (key: Self.key($0.key), value: $0.value) }
      if sortsKeys { pairs.sort { $0.key.precedesByCodePoints($1.key) } }
      write(pairs, between: "{", "}") { writer, pair in
        writer.write(pair.key)
        writer.text += ":"
        writer.write(pair.value)
      }
    }
  }

  private mutating func write<Item>(
    _ items: [Item], between open: String, _ close: String, _ writeItem: (inout JSONWriter, Item) -> Void
  ) {
    text += open
    for (position, item) in items.enumerated() {
      if position > 0 { text += "," }
      writeItem(&self, item)
    }
    text += close
  }

  private mutating func write(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case ..<" ": text += "\\u" + scalar.hex(width: 4)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// A key as text: what is not a string is written as the value would be (as Python's `json` does).
  private static func key(_ key: YAMLValue) -> String {
    switch key {
    case .string(let string): string
    case .timestamp(let timestamp): timestamp.iso
    default: key.json()
    }
  }
}

extension YAMLValue {
  /// The value as compact JSON.
  ///
  /// What JSON lacks is written as near as it goes: dates as their ISO text, bytes as base64, keys as strings, and
  /// infinities and NaN as `null`.
  /// - Parameter sortedKeys: whether keys come in the order of their code points instead of their own.
  public func json(sortedKeys: Bool = false) -> String {
    var writer = JSONWriter(sortsKeys: sortedKeys)
    writer.write(self)
    return writer.text
  }
}

extension Unicode.Scalar {
  /// The number of the code point in at least so many hexadecimal digits.
  func hex(width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
