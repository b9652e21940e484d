/// YAML 1.1's types of plain scalars, exactly by the patterns of PyYAML's `Resolver` (which differ from the
/// specification: `1e3` and `y` are strings, `010` is 8, `1:30` is 90).
enum ScalarResolver {
  /// The tag that a plain scalar gets by its form.
  static func tag(of text: String) -> YAMLTag {
    guard let first = text.utf8.first else { return .null }
    switch first {
    case UInt8(ascii: "<"): return text == "<<" ? .merge : .string
    case UInt8(ascii: "="): return text == "=" ? .value : .string
    case UInt8(ascii: "~"): return text == "~" ? .null : .string
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      if FloatForm.matches(text) { return .float }
      if IntegerForm.matches(text) { return .integer }
      return YAMLTimestamp.hasForm(text) ? .timestamp : .string
    default:
      if bool(text) != nil { return .bool }
      return ["null", "Null", "NULL"].contains(text) ? .null : .string
    }
  }

  /// The value of a text under a tag.
  /// - Returns: nil when the text is none of the tag's values (possible under an explicit tag, and for a timestamp).
  static func value(of text: String, as tag: YAMLTag) -> YAMLValue? {
    switch tag {
    case .null: .null
    // Under an explicit tag any case is good.
    case .bool: (bool(text) ?? bool(text.lowercased())).map(YAMLValue.bool)
    case .integer: IntegerForm.value(of: text)
    case .float: FloatForm.value(of: text)
    case .timestamp: YAMLTimestamp(text).map(YAMLValue.timestamp)
    case .binary: Base64.decode(text).map(YAMLValue.binary)
    case .string: .string(text)
    case .merge, .value, .sequence, .mapping: nil
    }
  }

  private static func bool(_ text: String) -> Bool? {
    switch text {
    case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": true
    case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": false
    default: nil
    }
  }
}

/// The types that PyYAML's `SafeLoader` constructs and this reader gives, by their tags.
enum YAMLTag: String {
  case null = "tag:yaml.org,2002:null"
  case bool = "tag:yaml.org,2002:bool"
  case integer = "tag:yaml.org,2002:int"
  case float = "tag:yaml.org,2002:float"
  case timestamp = "tag:yaml.org,2002:timestamp"
  case binary = "tag:yaml.org,2002:binary"
  case string = "tag:yaml.org,2002:str"
  case sequence = "tag:yaml.org,2002:seq"
  case mapping = "tag:yaml.org,2002:map"
  case merge = "tag:yaml.org,2002:merge"
  case value = "tag:yaml.org,2002:value"
}

/// Consumes a text from its front by classes of ASCII bytes, as the patterns below need.
struct ByteCursor {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = Substring(text).utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == byte.value else { return false }
    rest.removeFirst()
    return true
  }

  mutating func skipSign() -> Bool { skip("-") || skip("+") }

  /// Skips all that is in the class, and counts it.
  @discardableResult
  mutating func skip(while isMember: (UInt8) -> Bool) -> Int {
    let start = rest.count
    rest = rest.drop(while: isMember)
    return start - rest.count
  }

  /// Skips `:` and a number below 60, as often as they come, and counts them.
  mutating func skipSexagesimals() -> Int {
    var count = 0
    while true {
      var ahead = self
      guard ahead.skip(":") else { return count }
      var digits: [UInt8] = []
      while digits.count < 2, let first = ahead.rest.first, first.isDigit {
        digits.append(first)
        ahead.rest.removeFirst()
      }
      guard let first = digits.first else { return count }
      // Of "75" only the "7" belongs to the pattern; what comes after then fails to match.
      if digits.count == 2, first > UInt8(ascii: "5") { return count }
      self = ahead
      count += 1
    }
  }
}

extension UInt8 {
  var isDigit: Bool { (0x30...0x39).contains(self) }
  var isDigitOrUnderscore: Bool { isDigit || self == UInt8(ascii: "_") }
}
