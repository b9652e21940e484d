import LineEditor
import Testing

@Suite struct EditingTests {
  private func shown(_ text: String, _ keys: String) -> String {
    var typist = Typist(text: text)
    typist.type(keys)
    return typist.shown
  }

  @Test func movesAsInEmacs() {
    #expect(shown("one two", "\u{01}") == "|one two")
    #expect(shown("one two", "\u{01}\u{05}") == "one two|")
    #expect(shown("one two", "\u{02}") == "one tw|o")
    #expect(shown("one two", "\u{01}\u{06}") == "o|ne two")
    #expect(shown("one two", "\u{1b}b") == "one |two")
    #expect(shown("one two", "\u{01}\u{1b}f") == "one| two")
  }

  @Test func movesByTheKeysOfTerminals() {
    for home in ["\u{1b}[H", "\u{1b}OH", "\u{1b}[1~", "\u{1b}[7~"] { #expect(shown("ab", home) == "|ab") }
    for end in ["\u{1b}[F", "\u{1b}OF", "\u{1b}[4~"] { #expect(shown("ab", "\u{01}" + end) == "ab|") }
    for left in ["\u{1b}[D", "\u{1b}OD"] { #expect(shown("ab", left) == "a|b") }
    for word in ["\u{1b}[1;5D", "\u{1b}[1;3D", "\u{1b}Od", "\u{1b}\u{1b}[D"] {
      #expect(shown("one two", word) == "one |two")
    }
    #expect(shown("one two", "\u{01}\u{1b}[1;5C") == "one| two")
  }

  @Test func removesAsInEmacs() {
    #expect(shown("abc", "\u{7f}") == "ab|")
    #expect(shown("abc", "\u{01}\u{04}") == "|bc")
    #expect(shown("abc", "\u{01}\u{1b}[3~") == "|bc")
    #expect(shown("one two", "\u{1b}b\u{0b}") == "one |")
    #expect(shown("one two", "\u{15}") == "|")
    #expect(shown("a.b c.d", "\u{17}") == "a.b |")
    #expect(shown("a.b c.d", "\u{1b}\u{7f}") == "a.b c.|")
    #expect(shown("one two", "\u{01}\u{1b}d") == "| two")
    #expect(shown("ab", "\u{14}") == "ba|")
  }

  @Test func whatIsKilledInARowComesBackAsOne() {
    #expect(shown("one two three", "\u{17}\u{17}\u{19}") == "one two three|")
    #expect(shown("one two", "\u{01}\u{1b}d\u{1b}d\u{19}\u{19}") == "one twoone two|")
    #expect(shown("one two", "\u{17}x\u{17}\u{19}") == "one x|")
    // To kill nothing leaves what was killed before.
    #expect(shown("one two", "\u{17}\u{01}\u{05}\u{0b}\u{01}\u{15}\u{1b}\u{7f}\u{05}\u{1b}d\u{19}") == "one two|")
  }

  @Test func undoTakesBackWhatWasTypedTogether() {
    var typist = Typist()
    for key in ["a", "b", "c"] { typist.type(key) }
    typist.type("\u{15}")
    #expect(typist.shown == "|")
    typist.type("\u{1f}")
    #expect(typist.shown == "abc|")
    typist.type("\u{1f}")
    #expect(typist.shown == "|")
    typist.type("\u{1f}")
    #expect(typist.actions == [.bell])
  }

  @Test func aKeyThatDoesNothingRings() {
    var typist = Typist()
    typist.type("\u{7f}\u{02}\u{06}\u{19}\u{14}\u{1b}[99~")
    #expect(typist.actions == Array(repeating: .bell, count: 6))
    #expect(typist.shown == "|")
  }

  @Test func controlDEndsOnlyAnEmptyText() {
    var typist = Typist(text: "a")
    typist.type("\u{04}")
    #expect(typist.actions == [.bell])
    typist.type("\u{7f}\u{04}")
    #expect(typist.actions == [.bell, .end])
  }

  @Test func editsInTheLineOfALongerText() {
    let text = "one\u{1b}\rtwo\u{1b}\rthree"
    #expect(shown(text, "\u{1b}[A") == "one\ntwo|\nthree")
    #expect(shown(text, "\u{1b}[A\u{01}\u{0b}") == "one\n|\nthree")
    #expect(shown(text, "\u{1b}[A\u{0b}") == "one\ntwo|three")
    #expect(shown(text, "\u{01}\u{15}") == "one\ntwo|three")
    #expect(shown(text, "\u{10}\u{10}\u{05}\u{0e}") == "one\ntwo|\nthree")
  }

  @Test func anAccentOfItsOwnBelongsToTheLetterBeforeIt() {
    #expect(shown("e", "\u{301}") == "e\u{301}|")
    #expect(shown("e\u{301}x", "\u{7f}\u{7f}") == "|")
    #expect(shown("日本語", "\u{02}\u{7f}") == "日|語")
  }

  @Test func bytesMayComeOneByOne() {
    var typist = Typist()
    for byte in Array("é日\u{1b}[D\u{1b}[200~a\nb\u{1b}[201~".utf8) {
      for key in typist.decoder.decode([byte]) { _ = typist.editor.press(key) }
    }
    #expect(typist.shown == "éa\nb|日")
  }

  @Test func bytesThatAreNoUTF8AreReplaced() {
    var decoder = KeyDecoder()
    #expect(decoder.decode([0xFF, 0x61]) == [.text("\u{FFFD}a")])
    #expect(decoder.decode([0xE6, 0x97]) == [])
    #expect(decoder.decode([0x61]) == [.text("\u{FFFD}a")])
  }

  @Test func aPasteIsOneTextAndNoKeys() {
    var typist = Typist(text: "x")
    typist.type("\u{1b}[200~if a then\r\n\tb()\rend\u{1b}[Aé\u{1b}[201~\u{01}")
    #expect(typist.shown == "xif a then\n\tb()\n|end[Aé")
    #expect(typist.actions == [])
  }
}
