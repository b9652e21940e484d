import TerminalText
import Testing

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("ｱ", 1), ("Ａ", 2), ("한", 2),
    ("\u{1112}\u{1161}\u{11AB}", 2),
    ("🙂", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("👍🏽", 2), ("❤️", 2), ("✓", 1), ("━", 1), ("\u{200B}", 0), ("a\tb\u{7}\r\n", 2),
  ])
  func aCharacterTakesTheColumnsThatATerminalGivesIt(_ text: String, _ columns: Int) {
    #expect(DisplayWidth.of(text) == columns)
    #expect(DisplayWidth.of("a" + text + "b") == columns + 2)
  }

  @Test(arguments: [
    "\u{1b}[1;31mab\u{1b}[0m", "\u{1b}[Kab", "\u{1b}(B\u{1b}[mab", "\u{1b}]8;;http://x/日\u{1b}\\ab\u{1b}]8;;\u{1b}\\",
    "\u{1b}]0;title\u{7}ab", "\u{1b}7ab\u{1b}8",
  ])
  func escapeSequencesTakeNone(_ text: String) { #expect(DisplayWidth.of(text) == 2) }

  @Test(arguments: ["\u{1b}", "a\u{1b}[", "a\u{1b}[3", "\u{1b}]0;t", "a\u{1b}]0;t\u{1b}", "\u{1b}\u{1b}[0ma"])
  func anEscapeSequenceThatDoesNotEndIsNoTrap(_ text: String) { #expect(DisplayWidth.of(text) <= text.count) }

  @Test func aTextIsCutBetweenCharactersAndKeepsItsColours() {
    #expect(DisplayWidth.truncate("abcdef", to: 6) == "abcdef")
    #expect(DisplayWidth.truncate("abcdef", to: 4) == "abc…")
    #expect(DisplayWidth.truncate("日本語", to: 4) == "日…")
    #expect(DisplayWidth.truncate("\u{1b}[31mabcdef\u{1b}[0m", to: 3) == "\u{1b}[31mab…\u{1b}[0m")
    #expect(DisplayWidth.truncate("ab", to: 1) == "…")
    #expect(DisplayWidth.truncate("ab", to: 0) == "")
  }
}
