/// A word of Lua source.
struct LuaToken: Equatable {
  enum Kind: Equatable {
    case name, keyword, number, symbol, comment
    /// A string; its text is what stands between the quotes, escapes as they are written.
    case string
    /// A string that has no end yet.
    case openString(quote: Character)
    /// A comment that goes on to the end of the text.
    case openComment
  }
  let kind: Kind
  let text: String

  init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }

  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
  func isKeyword(_ word: String) -> Bool { kind == .keyword && text == word }
}

/// Cuts Lua source into words, also source that is not whole: for what looks at a line while it is typed. Whether it is
/// right is for Lua to say.
struct LuaLexer {
  static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not",
    "or", "repeat", "return", "then", "true", "until", "while",
  ]

  private var rest: ArraySlice<Character>

  private init(_ text: String) { rest = Array(text)[...] }

  static func tokens(_ text: String) -> [LuaToken] {
    var lexer = LuaLexer(text)
    var tokens: [LuaToken] = []
    while let token = lexer.next() { tokens.append(token) }
    return tokens
  }

  private mutating func next() -> LuaToken? {
    rest = rest.drop { $0.isWhitespace }
    guard let first = rest.first else { return nil }
    if first == "-", starts("--") { return comment() }
    if first == "\"" || first == "'" { return quoted(by: first) }
    if first == "[", let level = longLevel() { return long(level, .string, open: .openString(quote: "[")) }
    if Self.isLetter(first) {
      let word = take { Self.isLetter($0) || $0.isNumber }
      return LuaToken(Self.keywords.contains(word) ? .keyword : .name, word)
    }
    if first.isNumber || (first == "." && rest.dropFirst().first?.isNumber == true) {
      return LuaToken(.number, take { Self.isLetter($0) || $0.isNumber || $0 == "." })
    }
    for symbol in ["...", "..", "::", "==", "~=", "<=", ">=", "//", "<<", ">>"] where starts(symbol) {
      rest = rest.dropFirst(symbol.count)
      return LuaToken(.symbol, symbol)
    }
    rest = rest.dropFirst()
    return LuaToken(.symbol, String(first))
  }

  private static func isLetter(_ character: Character) -> Bool {
    character == "_" || character.isASCII && character.isLetter
  }

  private func starts(_ text: String) -> Bool { rest.starts(with: text) }

  private mutating func take(while matches: (Character) -> Bool) -> String {
    let taken = rest.prefix(while: matches)
    rest = rest.dropFirst(taken.count)
    return String(taken)
  }

  private mutating func comment() -> LuaToken {
    rest = rest.dropFirst(2)
    if rest.first == "[", let level = longLevel() { return long(level, .comment, open: .openComment) }
    let text = take { $0 != "\n" }
    return LuaToken(rest.isEmpty ? .openComment : .comment, text)
  }

  private mutating func quoted(by quote: Character) -> LuaToken {
    rest = rest.dropFirst()
    var text = ""
    while let character = rest.first {
      if character == "\n" { return LuaToken(.openString(quote: quote), text) }
      rest = rest.dropFirst()
      if character == quote { return LuaToken(.string, text) }
      text.append(character)
      if character == "\\", let escaped = rest.popFirst() { text.append(escaped) }
    }
    return LuaToken(.openString(quote: quote), text)
  }

  /// The equals signs of the long bracket at the front; nil when there is none.
  private func longLevel() -> Int? {
    let level = rest.dropFirst().prefix { $0 == "=" }.count
    return rest.dropFirst(level + 1).first == "[" ? level : nil
  }

  private mutating func long(_ level: Int, _ kind: LuaToken.Kind, open: LuaToken.Kind) -> LuaToken {
    rest = rest.dropFirst(level + 2)
    let end = "]" + String(repeating: "=", count: level) + "]"
    var text = ""
    while !rest.isEmpty {
      if starts(end) {
        rest = rest.dropFirst(end.count)
        return LuaToken(kind, text)
      }
      text.append(rest.removeFirst())
    }
    return LuaToken(open, text)
  }
}

/// The names that a text makes local, and those that it uses.
enum LuaNames {
  /// Names that `local` declares outside of any block and function: they end with the text.
  static func outerLocals(_ tokens: [LuaToken]) -> [String] {
    var names: [String] = []
    var depth = 0
    for (index, token) in tokens.enumerated() where token.kind == .keyword {
      switch token.text {
      case "do", "then", "function", "repeat": depth += 1
      case "end", "until", "elseif": depth -= 1
      case "local" where depth == 0: names += declared(tokens, after: index)
      default: break
      }
    }
    return names
  }

  /// All names that the text declares anywhere, parameters and loop variables, too.
  static func locals(_ tokens: [LuaToken]) -> [String] {
    var names: [String] = []
    for (index, token) in tokens.enumerated() where token.kind == .keyword {
      switch token.text {
      case "local", "for": names += declared(tokens, after: index)
      case "function":
        guard let open = tokens[index...].firstIndex(where: { $0.isSymbol("(") }) else { continue }
        names += tokens[(open + 1)...].prefix { !$0.isSymbol(")") }.filter { $0.kind == .name }.map(\.text)
      default: break
      }
    }
    return names
  }

  /// Names that the text reads and does not declare.
  static func globals(_ tokens: [LuaToken]) -> Set<String> {
    var names = Set<String>()
    for (index, token) in tokens.enumerated() where token.kind == .name {
      let before = index > 0 ? tokens[index - 1] : nil
      let after = index + 1 < tokens.count ? tokens[index + 1] : nil
      if let before, [".", ":", "::"].contains(where: { before.isSymbol($0) }) || before.isKeyword("goto") { continue }
      if let after, after.isSymbol("=") { continue }
      names.insert(token.text)
    }
    return names.subtracting(locals(tokens))
  }

  private static func declared(_ tokens: [LuaToken], after index: Int) -> [String] {
    var place = index + 1
    if place < tokens.count, tokens[place].isKeyword("function") { place += 1 }
    var names: [String] = []
    while place < tokens.count, tokens[place].kind == .name {
      names.append(tokens[place].text)
      place += 1
      // `<const>`
      if place + 2 < tokens.count, tokens[place].isSymbol("<"), tokens[place + 2].isSymbol(">") { place += 3 }
      guard place < tokens.count, tokens[place].isSymbol(",") else { break }
      place += 1
    }
    return names
  }
}
