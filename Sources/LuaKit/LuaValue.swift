/// A Lua value that has left Lua: data only, safe to send anywhere.
public indirect enum LuaValue: Sendable, Hashable {
  case `nil`
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  /// A Lua string: bytes, most often UTF-8. ``string(_:)`` makes one from text, ``text`` reads it as text.
  case bytes([UInt8])
  /// A table whose keys are 1, 2, ... n.
  case array([LuaValue])
  /// Any other table. Read from Lua: numbers first, then strings, each sorted, so that the order never depends on
  /// hashing. An empty table is one of these.
  case table([Field])

  /// One key of a table with its value.
  public struct Field: Sendable, Hashable {
    public var key: LuaValue
    public var value: LuaValue

    public init(_ key: LuaValue, _ value: LuaValue) {
      self.key = key
      self.value = value
    }
  }

  /// A Lua string from text.
  public static func string(_ text: String) -> LuaValue { .bytes(Array(text.utf8)) }

  /// The string as text, or nil for anything else; bytes that are not UTF-8 become U+FFFD.
  public var text: String? {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// The integer, also of a float without a fraction; nil for anything else.
  public var int: Int? {
    switch self {
    case .integer(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as a Double, or nil for anything else.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The boolean, or nil for anything else.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements of an array; an empty table is an empty array.
  public var elements: [LuaValue]? {
    switch self {
    case .array(let elements): elements
    case .table(let fields) where fields.isEmpty: []
    default: nil
    }
  }

  /// The fields of a table; an array has none of its own, so it gives nil, but an empty one gives no fields.
  public var fields: [Field]? {
    switch self {
    case .table(let fields): fields
    case .array(let elements) where elements.isEmpty: []
    default: nil
    }
  }

  /// Whether this is nil.
  public var isNil: Bool { self == .nil }

  /// The field of that name, or `.nil`.
  public subscript(name: String) -> LuaValue {
    guard case .table(let fields) = self else { return .nil }
    let key = LuaValue.string(name)
    return fields.first { $0.key == key }?.value ?? .nil
  }

  /// The element at a Lua position (from 1), or `.nil`.
  public subscript(position: Int) -> LuaValue {
    guard case .array(let elements) = self, elements.indices.contains(position - 1) else { return .nil }
    return elements[position - 1]
  }
}

extension LuaValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .nil }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: LuaValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (LuaValue, LuaValue)...) {
    self = .table(elements.map { Field($0.0, $0.1) })
  }
}

extension LuaValue: CustomStringConvertible {
  /// The value as Lua source would write it, on one line.
  public var description: String {
    switch self {
    case .nil: "nil"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .bytes(let bytes): Self.quoted(bytes)
    case .array(let elements): "{" + elements.map(\.description).joined(separator: ", ") + "}"
    case .table(let fields): "{" + fields.map(\.description).joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

extension LuaValue.Field: CustomStringConvertible {
  public var description: String {
    if let name = key.text, LuaName.isIdentifier(name) { return "\(name) = \(value)" }
    return "[\(key)] = \(value)"
  }
}
