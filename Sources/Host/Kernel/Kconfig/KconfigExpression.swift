/// `n`, `m` and `y`, as they are ordered in Kconfig.
enum Tristate: Int, Comparable, Sendable {
  case no, module, yes

  init(_ text: String) { self = text == "y" ? .yes : text == "m" ? .module : .no }

  static func < (one: Tristate, other: Tristate) -> Bool { one.rawValue < other.rawValue }
  var text: String { ["n", "m", "y"][rawValue] }
}

/// A condition of Kconfig (Documentation/kbuild/kconfig-language.rst, "Menu dependencies").
indirect enum KconfigExpression: Sendable, Equatable {
  case symbol(String)
  /// In quotes.
  case text(String)
  /// `$(cc-option,-O2)`, which only a run of the compiler could answer.
  case macro(String)
  case not(KconfigExpression)
  case and(KconfigExpression, KconfigExpression)
  case or(KconfigExpression, KconfigExpression)
  case compare(String, KconfigExpression, KconfigExpression)

  /// - Returns: nil for a text that is none.
  init?(_ text: some StringProtocol) {
    var parser = ExpressionParser(Array(text.utf8))
    guard let expression = parser.or(), parser.isAtEnd else { return nil }
    self = expression
  }

  /// As Kconfig itself writes it.
  var source: String {
    switch self {
    case .symbol(let name): name
    case .text(let text): "\"\(text)\""
    case .macro(let text): text
    case .not(let inner): "!" + inner.enclosed
    case .and(let one, let other): one.enclosedOr + " && " + other.enclosedOr
    case .or(let one, let other): one.source + " || " + other.source
    case .compare(let sign, let one, let other): one.source + sign + other.source
    }
  }

  private var enclosed: String {
    switch self {
    case .and, .or, .compare: "(\(source))"
    default: source
    }
  }
  private var enclosedOr: String { if case .or = self { "(\(source))" } else { source } }

  /// The symbols in it, in their order, each once.
  var symbols: [String] {
    var names: [String] = []
    func visit(_ expression: KconfigExpression) {
      switch expression {
      case .symbol(let name):
        if Int(name) == nil, !["y", "m", "n"].contains(name), !names.contains(name) { names.append(name) }
      case .text, .macro: break
      case .not(let inner): visit(inner)
      case .and(let one, let other), .or(let one, let other), .compare(_, let one, let other):
        visit(one)
        visit(other)
      }
    }
    visit(self)
    return names
  }

  /// What it comes to. A macro counts as `y`: nobody can tell.
  func value(in config: KernelConfig) -> Tristate {
    switch self {
    case .symbol(let name):
      if name == "y" || name == "m" || name == "n" { return Tristate(name) }
      return Tristate(config.value(name))
    case .text(let text): return Tristate(text)
    case .macro: return .yes
    case .not(let inner): return Tristate(rawValue: 2 - inner.value(in: config).rawValue) ?? .no
    case .and(let one, let other): return min(one.value(in: config), other.value(in: config))
    case .or(let one, let other): return max(one.value(in: config), other.value(in: config))
    case .compare(let sign, let one, let other):
      if case .macro = one { return .yes }
      if case .macro = other { return .yes }
      return Self.holds(sign, one.literal(in: config), other.literal(in: config)) ? .yes : .no
    }
  }

  /// The text that is compared: a symbol that nobody defines stands for its name (scripts/kconfig/expr.c).
  private func literal(in config: KernelConfig) -> String {
    switch self {
    case .symbol(let name):
      if Self.number(name) != nil || ["y", "m", "n"].contains(name) { return name }
      let value = config.value(name)
      return value.hasPrefix("\"") ? String(value.dropFirst().dropLast()) : value
    case .text(let text): return text
    default: return value(in: config).text
    }
  }

  private static func holds(_ sign: String, _ one: String, _ other: String) -> Bool {
    let order: Int
    if let first = number(one), let second = number(other) {
      order = first < second ? -1 : first == second ? 0 : 1
    } else {
      order = one < other ? -1 : one == other ? 0 : 1
    }
    return switch sign {
    case "=": order == 0
    case "!=": order != 0
    case "<": order < 0
    case ">": order > 0
    case "<=": order <= 0
    default: order >= 0
    }
  }

  static func number(_ text: String) -> Int? {
    text.hasPrefix("0x") || text.hasPrefix("0X") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }

  /// What is missing for the whole to be `level`: those parts, joined by "and", that are less.
  func unmet(_ level: Tristate, in config: KernelConfig) -> [KconfigExpression] {
    guard value(in: config) < level else { return [] }
    if case .and(let one, let other) = self { return one.unmet(level, in: config) + other.unmet(level, in: config) }
    return [self]
  }
}

private struct ExpressionParser {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return position >= bytes.count || bytes[position] == UInt8(ascii: "#")
    }
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    skipSpace()
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  mutating func or() -> KconfigExpression? {
    guard var left = and() else { return nil }
    while take("||") {
      guard let right = and() else { return nil }
      left = .or(left, right)
    }
    return left
  }

  private mutating func and() -> KconfigExpression? {
    guard var left = not() else { return nil }
    while take("&&") {
      guard let right = not() else { return nil }
      left = .and(left, right)
    }
    return left
  }

  private mutating func not() -> KconfigExpression? {
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "!"), !bytes[position...].starts(with: "!=".utf8) {
      position += 1
      return not().map { .not($0) }
    }
    if take("(") {
      guard let inner = or(), take(")") else { return nil }
      return inner
    }
    guard let left = atom() else { return nil }
    for sign in ["!=", "<=", ">=", "=", "<", ">"] where take(sign) {
      guard let right = atom() else { return nil }
      return .compare(sign, left, right)
    }
    return left
  }

  private mutating func atom() -> KconfigExpression? {
    skipSpace()
    guard position < bytes.count else { return nil }
    let first = bytes[position]
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      guard let end = bytes[(position + 1)...].firstIndex(of: first) else { return nil }
      let text = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
      position = end + 1
      return text.contains("$(") ? .macro(text) : .text(text)
    }
    let start = position
    if bytes[position...].starts(with: "$(".utf8) {
      var depth = 0
      while position < bytes.count {
        if bytes[position] == UInt8(ascii: "(") { depth += 1 }
        if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
        position += 1
        if depth == 0, bytes[position - 1] == UInt8(ascii: ")") { break }
      }
      return .macro(String(decoding: bytes[start..<position], as: UTF8.self))
    }
    while position < bytes.count, isWord(bytes[position]) { position += 1 }
    guard position > start else { return nil }
    return .symbol(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E, 0x2F: true
    default: false
    }
  }
}
