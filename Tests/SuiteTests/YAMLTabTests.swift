import Suite
import Testing

/// What PyYAML does with each of these was tried.
@Suite("Tabs in YAML") struct YAMLTabTests {
  @Test(arguments: [
    ("a: \tx", 1, 4), ("a:\tx", 1, 3), ("a: 1\t", 1, 5), ("a: 1 \t# c", 1, 6), ("a: x\ty", 1, 5),
    ("a: 1\nb: [1,\t2]", 2, 7),
    ("é: \"\t\"\nb: 1\t", 2, 5), ("a: b#\tc", 1, 6), ("a\t: 1", 1, 2),
  ])
  func areRefusedAsBlanks(_ text: String, _ line: Int, _ column: Int) {
    let error = #expect(throws: YAMLError.self) { try YAMLValue(yaml: text) }
    #expect(error?.problem == "found character '\\t' that cannot start any token")
    #expect([error?.line, error?.column] == [line, column])
  }

  @Test(arguments: [
    "a: 1 #\tc", "# \t\na: 1", "\"a\tb\": 1", "a: |\n  x\ty\n\nb: 1", "a: >\n  x\ty\n", "a: 'x\t\n  \ty'", "a: \"#\t\"",
    "a: 1\n#\n\n#\t\n",
  ])
  func standInTextsAndComments(_ text: String) throws {
    #expect(try YAMLValue(yaml: text).mapping != nil)
  }
}
