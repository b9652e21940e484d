import LuaSyntax
import Testing

@Suite struct LexemeTests {
  private func tokens(_ text: String) -> [Token] { Lexeme.all(in: text).map(\.token) }

  @Test func aWholeTextIsCutAsLuaCutsIt() {
    #expect(
      tokens("local x <const> = f'a\\n' --[[b]] .. 0x10 -- c\n")
        == [
          .keyword(.local), .name("x"), .symbol(.less), .name("const"), .symbol(.greater), .symbol(.assign), .name("f"),
          .string(Array("a\n".utf8)), .symbol(.concat), .number(.integer(16)),
        ])
    #expect(tokens("") == [])
    #expect(tokens("  \n") == [])
  }

  @Test func aFirstLineWithTheSignOfLengthIsNoneForTheSystem() {
    #expect(tokens("#t") == [.symbol(.length), .name("t")])
  }

  @Test(arguments: [
    ("f \"", "\"", 2..<3), ("f 'a\\", "'", 2..<5), ("f \"a\\x4", "\"", 2..<7), ("f '\\q b", "'", 2..<7),
    ("f [[a\nb", "[[", 2..<7), ("f[==[a]]", "[==[", 1..<8), ("f \"é", "\"", 2..<5),
  ])
  func aStringWithoutAnEndIsATokenOfItsKind(_ text: String, _ opening: String, _ range: Range<Int>) {
    let last = Lexeme.all(in: text).last
    #expect(last?.token == .unfinishedString(opening: opening))
    #expect(last?.range == range)
  }

  @Test func aShortStringEndsWithItsLine() {
    #expect(tokens("'a\nb") == [.unfinishedString(opening: "'"), .name("b")])
    #expect(tokens("'a\\\nb'") == [.string(Array("a\nb".utf8))])
  }

  @Test(arguments: ["x -- a", "x --", "x --[[a\nb", "x --[==[ ]]", "x -- a\n--b"])
  func aCommentUpToTheEndIsAToken(_ text: String) {
    #expect(tokens(text) == [.name("x"), .unfinishedComment])
  }

  @Test(
    arguments: [
      ("3x .", [.malformed, .symbol(.point)]), ("$a", [.malformed, .name("a")]),
      ("é(", [.malformed, .symbol(.openRound)]),
      ("f('\\q')", [.name("f"), .symbol(.openRound), .malformed, .symbol(.closeRound)]),
      ("1..2", [.malformed]), ("0x", [.malformed]), ("~!=", [.symbol(.tilde), .malformed, .symbol(.assign)]),
    ] as [(String, [Token])])
  func whatLuaHasNoWordForIsPassed(_ text: String, _ expected: [Token]) {
    #expect(tokens(text) == expected)
  }

  @Test func everyBeginningOfATextIsCutToItsEnd() {
    let text =
      "local a <const> = f { x = 'a\\x41\\u{20AC}\\z  b', [ [==[k]==] ] = 0x.8p-1, -- c\n y = \"\\\n\" } --[=[ d ]=] é ..."
    for count in 0...text.utf8.count {
      let part = String(decoding: Array(text.utf8.prefix(count)), as: UTF8.self)
      var place = 0
      for lexeme in Lexeme.all(in: part) {
        #expect(lexeme.range.lowerBound >= place && !lexeme.range.isEmpty, "\(part)")
        place = lexeme.range.upperBound
      }
      #expect(place <= part.utf8.count)
    }
  }

  @Test(arguments: [
    ("a", true), ("_a1", true), ("end", false), ("1a", false), ("a b", false), ("a ", false), ("é", false), ("", false),
    ("a--", false),
  ])
  func aNameIsKnown(_ text: String, _ isName: Bool) { #expect(Token.isName(text) == isName) }
}
