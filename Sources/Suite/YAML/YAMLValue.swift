/// A value read from YAML, with the types that PyYAML's `safe_load` gives.
///
/// Equality is by type and value: `.integer(1)` is not `.bool(true)`, a mapping's key order does not count (as for
/// Python's dict), and strings compare by code points, never by Unicode's canonical equivalence.
public enum YAMLValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// An integer outside `Int`: its decimal digits, with a leading `-` when negative.
  case bigInteger(String)
  case float(Double)
  case string(String)
  /// A date or a date with a time.
  case timestamp(YAMLTimestamp)
  /// The bytes of a `!!binary` scalar.
  case binary([UInt8])
  case sequence([YAMLValue])
  case mapping(YAMLMapping)
}

extension YAMLValue: Equatable {
  public static func == (left: YAMLValue, right: YAMLValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.bigInteger(let a), .bigInteger(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameCodePoints(as: b)
    case (.timestamp(let a), .timestamp(let b)): a == b
    case (.binary(let a), .binary(let b)): a == b
    case (.sequence(let a), .sequence(let b)): a == b
    case (.mapping(let a), .mapping(let b)): a == b
    default: false
    }
  }
}

extension YAMLValue {
  /// What the value is, in YAML's words, for messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .bigInteger: "integer"
    case .float: "float"
    case .string: "string"
    case .timestamp(let timestamp): timestamp.hasTime ? "timestamp" : "date"
    case .binary: "binary"
    case .sequence: "sequence"
    case .mapping: "mapping"
    }
  }

  /// Whether the value is null.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// Whether Python takes the value for true: not null, false, zero or empty.
  public var isTruthy: Bool {
    switch self {
    case .null: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .bigInteger, .timestamp: true
    case .float(let value): value != 0
    case .string(let value): !value.isEmpty
    case .binary(let bytes): !bytes.isEmpty
    case .sequence(let items): !items.isEmpty
    case .mapping(let mapping): !mapping.isEmpty
    }
  }

  /// The text when the value is a string.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The items when the value is a sequence.
  public var sequence: [YAMLValue]? {
    if case .sequence(let items) = self { items } else { nil }
  }

  /// The mapping when the value is one.
  public var mapping: YAMLMapping? {
    if case .mapping(let mapping) = self { mapping } else { nil }
  }

  /// What stands under a key, or nil when the value is not a mapping or has no such key.
  public subscript(key: String) -> YAMLValue? {
    mapping?[.string(key)]
  }
}

extension YAMLValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .float(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral items: YAMLValue...) { self = .sequence(items) }
  public init(dictionaryLiteral pairs: (YAMLValue, YAMLValue)...) { self = .mapping(YAMLMapping(pairs)) }
}

extension String {
  /// Equality as Python has it. Swift's `==` also holds for different spellings of one character.
  func hasSameCodePoints(as other: String) -> Bool {
    self == other && utf8.elementsEqual(other.utf8)
  }

  /// Order as Python has it: UTF-8 bytes sort as code points do.
  func precedesByCodePoints(_ other: String) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }
}
