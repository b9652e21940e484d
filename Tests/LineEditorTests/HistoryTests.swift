import LineEditor
import Testing

@Suite struct HistoryTests {
  @Test func upAndDownGoThroughTheEntriesAndBackToTheText() {
    var typist = Typist(history: ["first", "second"], text: "new")
    typist.type("\u{1b}[A")
    #expect(typist.shown == "second|")
    typist.type("\u{10}")
    #expect(typist.shown == "first|")
    typist.type("\u{10}")
    #expect(typist.actions == [.bell])
    typist.type("\u{0e}\u{1b}[B")
    #expect(typist.shown == "new|")
  }

  @Test func aChangedEntryStaysChangedUntilTheTextIsTaken() {
    var typist = Typist(history: ["first", "second"])
    typist.type("\u{10}!\u{10}\u{0e}")
    #expect(typist.shown == "second!|")
  }

  @Test func upGoesThroughTheLinesOfAnEntryFirst() {
    var typist = Typist(history: ["a", "if x then\nend"])
    typist.type("\u{10}")
    #expect(typist.shown == "if x then\nend|")
    typist.type("\u{10}")
    #expect(typist.shown == "if |x then\nend")
    typist.type("\u{10}")
    #expect(typist.shown == "a|")
  }

  @Test func pageKeysGoByEntries() {
    var typist = Typist(history: ["a", "b\nc"])
    typist.type("\u{1b}[5~\u{1b}[5~")
    #expect(typist.shown == "a|")
    typist.type("\u{1b}[6~")
    #expect(typist.shown == "b\nc|")
    typist.type("\u{1b}<")
    #expect(typist.shown == "a|")
    typist.type("\u{1b}>")
    #expect(typist.shown == "|")
  }

  @Test func searchFindsTheLastEntryWithTheWords() {
    var typist = Typist(history: ["print(1)", "sprint", "other"], text: "x")
    typist.type("\u{12}prin")
    #expect(typist.shown == "s|print")
    #expect(typist.editor.layout(columns: 80, rows: 24).drawing.hasPrefix("(reverse-i-search)`prin': sprint"))
    typist.type("\u{12}")
    #expect(typist.shown == "|print(1)")
    typist.type("\u{12}")
    #expect(typist.actions == [.bell])
    #expect(typist.editor.layout(columns: 80, rows: 24).drawing.hasPrefix("(failed reverse-i-search)"))
    typist.type("\u{05}!")
    #expect(typist.shown == "print(1)!|")
  }

  @Test func aSearchThatIsGivenUpBringsTheTextBack() {
    for key in ["\u{07}", "\u{03}"] {
      var typist = Typist(history: ["one"], text: "mine")
      typist.type("\u{12}o" + key)
      #expect(typist.shown == "mine|")
      #expect(typist.actions == [])
    }
  }

  @Test func searchTakesUpTheLastWords() {
    var typist = Typist(history: ["one", "two"])
    typist.type("\u{12}one\u{05}\u{15}\u{12}\u{12}")
    #expect(typist.shown == "|one")
  }

  @Test func aTabInTheWordsOfASearchIsShownAsBlanks() {
    var typist = Typist(history: ["a\tb"])
    typist.type("\u{12}\u{1b}[200~a\tb\u{1b}[201~")
    #expect(typist.shown == "|a\tb")
    #expect(!typist.editor.layout(columns: 60, rows: 24).drawing.contains("\t"))
  }

  @Test func enterInASearchTakesWhatWasFound() {
    var typist = Typist(history: ["one", "two"])
    typist.type("\u{12}on\r")
    #expect(typist.actions == [.enter])
    #expect(typist.editor.buffer.text == "one")
  }
}
