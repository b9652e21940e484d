/// Cuts a text into tokens.
struct Lexer {
  private let bytes: [UInt8]
  private var place: Int
  /// Where the last token began.
  private(set) var start = 0
  /// Where the comments are that say `@diagnostic`, and what they say.
  private(set) var directives: [(offset: Int, text: String)] = []
  /// Where the comment begins that goes on to the end of the text.
  private var lastComment: Int?

  init(_ source: SourceText) {
    bytes = source.bytes
    place = source.start
  }

  private init(part text: String) {
    bytes = Array(text.utf8)
    place = 0
  }

  mutating func next() throws(SyntaxError) -> Token {
    try skipSpaceAndComments()
    start = place
    return try token()
  }

  private mutating func token() throws(SyntaxError) -> Token {
    guard let first = byte else { return .end }
    if isNameStart(first) { return word() }
    if isDigit(first) { return try numeral() }
    switch first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try shortString(until: first))
    case UInt8(ascii: "["):
      if let level = longBracket() { return .string(try longText(level)) }
    case UInt8(ascii: "."):
      if let second = peek(1), isDigit(second) { return try numeral() }
    default: break
    }
    for length in [3, 2, 1] where place + length <= bytes.count {
      guard let symbol = Symbol(rawValue: text(place, place + length)) else { continue }
      place += length
      return .symbol(symbol)
    }
    throw SyntaxError(offset: place, message: "unexpected symbol")
  }

  private mutating func word() -> Token {
    while let byte, isNameStart(byte) || isDigit(byte) { place += 1 }
    let text = text(start, place)
    return Keyword(rawValue: text).map { .keyword($0) } ?? .name(text)
  }

  private mutating func numeral() throws(SyntaxError) -> Token {
    let isHexadecimal = byte == UInt8(ascii: "0") && peek(1).map { $0 | 0x20 } == UInt8(ascii: "x")
    if isHexadecimal { place += 2 }
    let exponent = UInt8(ascii: isHexadecimal ? "p" : "e")
    while let byte {
      if byte | 0x20 == exponent {
        place += 1
        if self.byte == UInt8(ascii: "+") || self.byte == UInt8(ascii: "-") { place += 1 }
      } else if isDigit(byte) || isNameStart(byte) || byte == UInt8(ascii: ".") {
        place += 1
      } else {
        break
      }
    }
    guard let value = Numeral(text(start, place)) else {
      throw SyntaxError(offset: start, message: "malformed number")
    }
    return .number(value)
  }

  // MARK: - Strings

  private mutating func shortString(until quote: UInt8) throws(SyntaxError) -> [UInt8] {
    place += 1
    var value: [UInt8] = []
    while let byte {
      place += 1
      switch byte {
      case quote: return value
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"): throw SyntaxError(offset: start, message: "unfinished string")
      case UInt8(ascii: "\\"): try escape(into: &value)
      default: value.append(byte)
      }
    }
    throw SyntaxError(offset: start, message: "unfinished string")
  }

  private mutating func escape(into value: inout [UInt8]) throws(SyntaxError) {
    guard let byte else { throw SyntaxError(offset: start, message: "unfinished string") }
    place += 1
    switch byte {
    case UInt8(ascii: "a"): value.append(7)
    case UInt8(ascii: "b"): value.append(8)
    case UInt8(ascii: "f"): value.append(12)
    case UInt8(ascii: "n"): value.append(10)
    case UInt8(ascii: "r"): value.append(13)
    case UInt8(ascii: "t"): value.append(9)
    case UInt8(ascii: "v"): value.append(11)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): value.append(byte)
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      skipPartner(of: byte)
      value.append(10)
    case UInt8(ascii: "z"): while let byte = self.byte, isSpace(byte) { place += 1 }
    case UInt8(ascii: "x"):
      guard place + 2 <= bytes.count, let code = UInt8(text(place, place + 2), radix: 16) else {
        throw SyntaxError(offset: place, message: "hexadecimal digit expected")
      }
      value.append(code)
      place += 2
    case UInt8(ascii: "u"): try codePoint(into: &value)
    default:
      guard isDigit(byte) else { throw SyntaxError(offset: place - 1, message: "invalid escape sequence") }
      var code = Int(byte - UInt8(ascii: "0"))
      for _ in 0..<2 {
        guard let digit = self.byte, isDigit(digit) else { break }
        code = code * 10 + Int(digit - UInt8(ascii: "0"))
        place += 1
      }
      guard code < 256 else { throw SyntaxError(offset: place, message: "decimal escape too large") }
      value.append(UInt8(code))
    }
  }

  /// `\u{XXX}`: up to 2^31, in the UTF-8 that was meant for such numbers.
  private mutating func codePoint(into value: inout [UInt8]) throws(SyntaxError) {
    let digits = place + 1
    guard byte == UInt8(ascii: "{"), let end = bytes[digits...].firstIndex(of: UInt8(ascii: "}")),
      let code = UInt32(text(digits, end), radix: 16), code < 1 << 31
    else { throw SyntaxError(offset: place, message: "invalid escape sequence") }
    place = end + 1
    guard code >= 0x80 else { return value.append(UInt8(code)) }
    var rest = code
    var tail: [UInt8] = []
    var room: UInt32 = 0x3F
    repeat {
      tail.append(UInt8(0x80 | rest & 0x3F))
      rest >>= 6
      room >>= 1
    } while rest > room
    tail.append(UInt8(truncatingIfNeeded: ~room << 1 | rest))
    value += tail.reversed()
  }

  /// The level of the long bracket that opens at the place: 2 for `[==[`; nil when there is none.
  private func longBracket() -> Int? {
    guard byte == UInt8(ascii: "[") else { return nil }
    var level = 0
    while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
    return peek(1 + level) == UInt8(ascii: "[") ? level : nil
  }

  private mutating func longText(_ level: Int) throws(SyntaxError) -> [UInt8] {
    let begin = place
    place += level + 2
    if let byte, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
      place += 1
      skipPartner(of: byte)
    }
    var value: [UInt8] = []
    while let byte {
      if byte == UInt8(ascii: "]"), peek(level + 1) == byte,
        bytes[(place + 1)..<(place + 1 + level)].allSatisfy({ $0 == UInt8(ascii: "=") })
      {
        place += level + 2
        return value
      }
      place += 1
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        skipPartner(of: byte)
        value.append(10)
      } else {
        value.append(byte)
      }
    }
    throw SyntaxError(offset: begin, message: "unfinished long string or comment")
  }

  /// `\r\n` and `\n\r` are one line break.
  private mutating func skipPartner(of lineBreak: UInt8) {
    if let byte, byte != lineBreak, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { place += 1 }
  }

  // MARK: - Texts that are not whole

  static func lexemes(_ text: String) -> [Lexeme] {
    var lexer = Lexer(part: text)
    var lexemes: [Lexeme] = []
    while let token = lexer.nextInPart() {
      lexemes.append(Lexeme(token: token, range: lexer.start..<lexer.place))
    }
    return lexemes
  }

  /// The next token, whatever the text is; nil at its end.
  private mutating func nextInPart() -> Token? {
    lastComment = nil
    // What is thrown is told by the comment that stays open.
    try? skipSpaceAndComments()
    if let lastComment {
      start = lastComment
      return .unfinishedComment
    }
    start = place
    guard byte != nil else { return nil }
    do throws(SyntaxError) { return try token() } catch { return passWrongToken() }
  }

  /// Goes behind what begins at `start` and is no token.
  private mutating func passWrongToken() -> Token {
    let first = bytes[start]
    switch first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      place = start + 1
      while let byte, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
        place = min(bytes.count, place + (byte == UInt8(ascii: "\\") ? 2 : 1))
        if byte == first { return .malformed }
      }
      return .unfinishedString(opening: text(start, start + 1))
    case UInt8(ascii: "["):
      place = start
      let opening = text(start, start + 2 + (longBracket() ?? 0))
      place = bytes.count
      return .unfinishedString(opening: opening)
    default:
      // A number stands before the place; a character that Lua does not have behind it.
      if place == start { repeat { place += 1 } while byte.map { $0 & 0xC0 == 0x80 } ?? false }
      return .malformed
    }
  }

  // MARK: - Between tokens

  private mutating func skipSpaceAndComments() throws(SyntaxError) {
    while let byte {
      if isSpace(byte) {
        place += 1
      } else if byte == UInt8(ascii: "-"), peek(1) == byte {
        let begin = place
        lastComment = begin
        place += 2
        if let level = longBracket() {
          _ = try longText(level)
          lastComment = nil
        } else {
          while let byte = self.byte, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { place += 1 }
          if place < bytes.count { lastComment = nil }
          if bytes[begin..<place].starts(with: "---@diagnostic".utf8) { directives.append((begin, text(begin, place))) }
        }
      } else {
        return
      }
    }
  }

  private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }
  private func peek(_ ahead: Int) -> UInt8? { place + ahead < bytes.count ? bytes[place + ahead] : nil }
  private func text(_ from: Int, _ to: Int) -> String { String(decoding: bytes[from..<to], as: UTF8.self) }
  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 9 && byte <= 13 }
  private func isNameStart(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }
}
