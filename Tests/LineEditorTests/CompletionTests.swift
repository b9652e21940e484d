import LineEditor
import Testing

@Suite struct CompletionTests {
  private func complete(_ text: String, _ names: [String], replaced: Int) -> Typist {
    var typist = Typist(text: text)
    typist.type("\t")
    #expect(typist.actions == [.complete])
    let action = typist.editor.offer(
      Completion(replaced: replaced, candidates: names.map { .init($0, suffix: "(") }), columns: 20)
    typist.actions = action == .draw ? [] : [action]
    return typist
  }

  @Test func oneCandidateIsPutInWithWhatFollowsIt() {
    #expect(complete("pri", ["print"], replaced: 3).shown == "print(|")
  }

  @Test func ofSeveralTheCommonPartIsPutIn() {
    let typist = complete("x.t", ["tostring", "tonumber"], replaced: 1)
    #expect(typist.shown == "x.to|")
    #expect(typist.editor.below == [])
  }

  @Test func whenNothingCanBePutInTheyAreListedUntilTheNextKey() {
    var typist = complete("to", ["tostring", "tonumber", "top"], replaced: 2)
    #expect(typist.editor.below == ["tostring  top", "tonumber"])
    let drawing = typist.editor.layout(columns: 20, rows: 24).drawing
    #expect(drawing == "> to\r\ntostring  top\r\ntonumber\r\u{1b}[2A\u{1b}[4C")
    typist.type("s")
    #expect(typist.editor.below == [])
  }

  @Test func noCandidateRings() {
    var typist = Typist(text: "zz\t")
    #expect(typist.editor.offer(nil) == .bell)
    #expect(typist.shown == "zz|")
  }

  @Test func undoTakesACompletionBack() {
    var typist = complete("pri", ["print"], replaced: 3)
    typist.type("\u{1f}")
    #expect(typist.shown == "pri|")
  }
}
