/// A type as LuaCATS annotations write it (lua-language-server's "Annotations"): the part of it that NAME.d.lua files use.
indirect enum AnnotatedType: Sendable, Equatable {
  case any, string, integer, number, boolean, function, table
  /// A class of a NAME.d.lua file, or an object of that name.
  case named(String)
  /// `"qcow2"`.
  case literal(String)
  /// `T[]`.
  case array(AnnotatedType)
  /// `table<string, T>`.
  case map(AnnotatedType)
  /// `A|B`; `(A|B)[]` is a list of either.
  case union([AnnotatedType])

  /// Reads the type at the front of `text`.
  /// - Returns: the type and what follows it; nil when there is none.
  static func parse(_ text: Substring) -> (AnnotatedType, rest: Substring)? {
    var rest = text.drop { $0 == " " }
    var members: [AnnotatedType] = []
    while true {
      guard let (member, after) = parseMember(rest) else { return nil }
      members.append(member)
      rest = after
      guard rest.first == "|" else { break }
      rest = rest.dropFirst()
    }
    return (members.count == 1 ? members[0] : .union(members), rest)
  }

  private static func parseMember(_ text: Substring) -> (AnnotatedType, rest: Substring)? {
    var type: AnnotatedType
    var rest = text
    if rest.first == "\"" {
      let body = rest.dropFirst().prefix { $0 != "\"" }
      type = .literal(String(body))
      rest = rest.dropFirst(body.count + 2)
    } else if rest.first == "(" {
      guard let (inner, after) = parse(rest.dropFirst()), after.first == ")" else { return nil }
      type = inner
      rest = after.dropFirst()
    } else {
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }
      guard !name.isEmpty else { return nil }
      rest = rest.dropFirst(name.count)
      if name == "fun" {
        // The parameters are for the reader; all functions are one type here.
        guard let close = rest.firstIndex(of: ")") else { return nil }
        rest = rest[rest.index(after: close)...]
        if rest.first == ":", let (_, after) = parse(rest.dropFirst()) { rest = after }
        type = .function
      } else if name == "table", rest.first == "<" {
        guard let comma = rest.firstIndex(of: ","), let (value, after) = parse(rest[rest.index(after: comma)...]),
          after.first == ">"
        else {
          return nil
        }
        rest = after.dropFirst()
        type = .map(value)
      } else {
        type = basic[String(name)] ?? .named(String(name))
      }
    }
    while rest.hasPrefix("[]") {
      type = .array(type)
      rest = rest.dropFirst(2)
    }
    return (type, rest)
  }

  private static let basic: [String: AnnotatedType] = [
    "any": .any, "string": .string, "integer": .integer, "number": .number, "boolean": .boolean, "function": .function,
    "table": .table,
  ]

  /// As an error message names it: `string or integer`, `"qcow2" or "raw"`.
  var text: String {
    switch self {
    case .any: "any value"
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .function: "function"
    case .table: "table"
    case .named(let name): name
    case .literal(let value): "\"\(value)\""
    case .array(let element): "list of \(element.text)"
    case .map(let value): "table of \(value.text)"
    case .union(let members): members.map(\.text).joined(separator: " or ")
    }
  }
}

extension AnnotatedType {
  /// The classes that a value of the type can have, those of its elements not counted.
  var classes: [String] {
    switch self {
    case .named(let name): [name]
    case .union(let members): members.flatMap(\.classes)
    default: []
    }
  }

  /// The texts that it enumerates.
  var literals: [String] {
    switch self {
    case .literal(let text): [text]
    case .union(let members): members.flatMap(\.literals)
    default: []
    }
  }

  var isBoolean: Bool {
    switch self {
    case .boolean: true
    case .union(let members): members.contains(where: \.isBoolean)
    default: false
    }
  }

  /// The types of its elements.
  var elements: [AnnotatedType] {
    switch self {
    case .array(let element): [element]
    case .union(let members): members.flatMap(\.elements)
    default: []
    }
  }
}
