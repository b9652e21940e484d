/// A word of Lua, as section 3.1 of the manual lists them.
public enum Token: Equatable, Sendable {
  case name(String)
  /// A reserved word: `while`.
  case keyword(Keyword)
  /// An operator or a bracket: `..`, `{`.
  case symbol(Symbol)
  case string([UInt8])
  case number(Numeral)
  case end
  /// A string that has no end: it begins with `"`, `'`, or a long bracket such as `[==[`.
  case unfinishedString(opening: String)
  /// A comment that goes on to the end of the text.
  case unfinishedComment
  /// What Lua has no word for: `3x`, `$`, a string with a wrong escape.
  case malformed

  /// Whether Lua takes the text for a name where it wants one.
  public static func isName(_ text: String) -> Bool { Lexer.lexemes(text).map(\.token) == [.name(text)] }
}

/// A token of a text, and the bytes that it is written with.
public struct Lexeme: Equatable, Sendable {
  public let token: Token
  public let range: Range<Int>

  /// The tokens of a text that may stop anywhere and need not be right: for what looks at a line while it is typed. The last
  /// one may be unfinished; comments that end are passed over.
  public static func all(in text: String) -> [Lexeme] { Lexer.lexemes(text) }
}

public enum Keyword: String, CaseIterable, Sendable {
  case and, `break`, `do`, `else`, elseif, end, `false`, `for`, function, goto, `if`, `in`, local, `nil`, not, or,
    `repeat`
  case `return`, then, `true`, until, `while`
}

public enum Symbol: String, Sendable {
  case plus = "+"
  case minus = "-"
  case times = "*"
  case divide = "/"
  case divideWhole = "//"
  case remainder = "%"
  case power = "^"
  case length = "#"
  case and = "&"
  case tilde = "~"
  case or = "|"
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case equal = "=="
  case unequal = "~="
  case lessOrEqual = "<="
  case greaterOrEqual = ">="
  case less = "<"
  case greater = ">"
  case assign = "="
  case openRound = "("
  case closeRound = ")"
  case openCurly = "{"
  case closeCurly = "}"
  case openSquare = "["
  case closeSquare = "]"
  case label = "::"
  case semicolon = ";"
  case colon = ":"
  case comma = ","
  case point = "."
  case concat = ".."
  case ellipsis = "..."
}

/// A number as it is written: whole ones that fit into 64 bits are integers, hexadecimal ones wrap around.
public enum Numeral: Sendable, Equatable {
  case integer(Int64)
  case float(Double)

  /// - Returns: nil for what is no numeral of Lua.
  init?(_ text: String) {
    let lower = text.lowercased()
    if lower.hasPrefix("0x") {
      let digits = lower.dropFirst(2)
      if !digits.contains(where: { $0 == "." || $0 == "p" }) {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
          guard let digit = digit.hexDigitValue else { return nil }
          value = value << 4 | UInt64(digit)
        }
        self = .integer(Int64(bitPattern: value))
        return
      }
    } else if let value = Int64(lower) {
      self = .integer(value)
      return
    }
    // A hexadecimal float may be without an exponent, as in C's strtod; Swift demands one.
    guard let value = Double(lower) ?? Double(lower + (lower.hasPrefix("0x") ? "p0" : "")) else {
      // "3." and ".5" are numerals, too.
      guard let value = Double("0" + lower.replacing(".e", with: ".0e") + (lower.hasSuffix(".") ? "0" : "")) else {
        return nil
      }
      self = .float(value)
      return
    }
    self = .float(value)
  }
}
