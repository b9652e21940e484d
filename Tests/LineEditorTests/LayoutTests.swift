import LineEditor
import Testing

@Suite struct LayoutTests {
  /// What a terminal shows, and where its cursor is.
  private func draw(_ typist: Typist, columns: Int, rows: Int = 24) -> (lines: [String], row: Int, column: Int) {
    var terminal = FakeTerminal(columns: columns)
    let layout = typist.editor.layout(columns: columns, rows: rows)
    terminal.write(layout.drawing)
    #expect(terminal.row == layout.cursorRow)
    return (terminal.lines, terminal.row, terminal.column)
  }

  @Test func linesHaveTheirPrompts() {
    let shown = draw(Typist(text: "if x then\u{1b}\rend"), columns: 20)
    #expect(shown == (["> if x then", ">> end"], 1, 6))
  }

  @Test func aLongLineWraps() {
    let shown = draw(Typist(text: "abcdefghijkl\u{02}"), columns: 8)
    #expect(shown == (["> abcdef", "ghijkl"], 1, 5))
  }

  @Test func theCursorBehindAFullRowIsInTheNext() {
    #expect(draw(Typist(text: "abcdef"), columns: 8) == (["> abcdef"], 1, 0))
    #expect(draw(Typist(text: "abcdef\u{1b}\rx"), columns: 8) == (["> abcdef", "", ">> x"], 2, 4))
    #expect(draw(Typist(text: "abcdefg\u{02}"), columns: 8) == (["> abcdef", "g"], 1, 0))
    #expect(draw(Typist(text: "abcdef\u{1b}\rx\u{10}\u{05}"), columns: 8) == (["> abcdef", "", ">> x"], 1, 0))
  }

  @Test func wideCharactersTakeTwoColumnsAndAreNotCut() {
    #expect(draw(Typist(text: "日本"), columns: 20) == (["> 日本"], 0, 6))
    let wrapped = draw(Typist(text: "abcde日"), columns: 8)
    #expect(wrapped == (["> abcde", "日"], 1, 2))
    #expect(draw(Typist(text: "abcde日\u{02}"), columns: 8) == (["> abcde", "日"], 1, 0))
  }

  @Test func controlCharactersAreShown() {
    let layout = Layout(LineBuffer("a\u{7}\tb\u{7F}"), prompt: "> ", continuation: ">> ", columns: 40, rows: 5)
    #expect(layout.drawing == "> a^G    b^?\r\u{1b}[12C")
  }

  @Test func coloursOfAPromptTakeNoColumn() {
    var typist = Typist(text: "x")
    typist.editor.prompt = "\u{1b}[1;32m>\u{1b}[0m "
    #expect(typist.editor.layout(columns: 20, rows: 5).drawing.hasSuffix("x\r\u{1b}[3C"))
  }

  @Test func ofATextThatIsHigherThanTheTerminalTheRowsAroundTheCursorAreShown() {
    var typist = Typist(text: (1...9).map(String.init).joined(separator: "\u{1b}\r"))
    #expect(draw(typist, columns: 10, rows: 3) == ([">> 7", ">> 8", ">> 9"], 2, 4))
    for _ in 1...8 { typist.type("\u{10}") }
    #expect(draw(typist, columns: 10, rows: 3) == (["> 1", ">> 2", ">> 3"], 0, 3))
  }
}
