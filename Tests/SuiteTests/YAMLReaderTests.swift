import Suite
import Testing

@Suite("Reading YAML") struct YAMLReaderTests {
  @Test(arguments: ["", "---\n", "# a comment\n", "---\n...\n"])
  func aTextWithoutContentIsNull(text: String) throws {
    #expect(try YAMLValue(yaml: text) == .null)
  }

  @Test func keysKeepTheirOrderAndTheLastValueWins() throws {
    #expect(try json("{b: 1, a: 2, b: 3, c: {}}") == #"{"b":3,"a":2,"c":{}}"#)
  }

  @Test func keysMatchAsInPython() throws {
    let value = try YAMLValue(yaml: "{1: a, true: b, 1.0: c, '1': d, null: e, 2024-01-02: f}")
    #expect(value.mapping?.keys.prefix(3) == [1, "1", nil])
    #expect(value.mapping?[1] == "c")
    #expect(value.mapping?[.bool(true)] == "c")
    #expect(value.mapping?["1"] == "d")
  }

  @Test func stringsCompareByCodePoints() throws {
    let value = try YAMLValue(yaml: #"{"\u00e9": 1, "e\u0301": 2}"#)
    #expect(value.mapping?.count == 2)
    #expect(YAMLValue.string("\u{e9}") != .string("e\u{301}"))
  }

  @Test(arguments: [
    ("{y: 2, <<: {x: 1, y: 0}}", #"{"x":1,"y":2}"#),
    ("{<<: [{a: 1, b: 1}, {b: 2, c: 2}], d: 3}", #"{"b":1,"c":2,"a":1,"d":3}"#),
    ("{<<: {a: 1}, <<: {a: 2}}", #"{"a":2}"#),
    ("{a: {<<: {b: 1, c: 2}, b: 3}, <<: {d: 4}}", #"{"d":4,"a":{"b":3,"c":2}}"#),
    ("a: &x {<<: &z {q: 1}, r: 2}\nb: {<<: *x}\nc: *z", #"{"a":{"q":1,"r":2},"b":{"q":1,"r":2},"c":{"q":1}}"#),
    ("{'<<': 1}", #"{"<<":1}"#), ("{=: 1}", #"{"=":1}"#),
  ])
  func mergeKeys(text: String, expected: String) throws {
    #expect(try json(text) == expected)
  }

  @Test func aliasesStandForTheirAnchors() throws {
    #expect(try json("- &a a\n- *a\n- &b [*a, 1]\n- {*a : *b}") == #"["a","a",["a",1],{"a":["a",1]}]"#)
  }

  @Test func blockScalarsKeepTheirLines() throws {
    #expect(try json("a: |\n  x\n   y\nb: >\n  x\n  y\nc: |-\n  z\n") == #"{"a":"x\n y\n","b":"x y\n","c":"z"}"#)
  }

  @Test func nulInAStringStays() throws {
    #expect(try YAMLValue(yaml: #""a\0b""#) == "a\0b")
  }

  @Test func anErrorNamesItsPlaceAndShowsTheLine() throws {
    let error = #expect(throws: YAMLError.self) {
      try YAMLValue(yaml: "a: 1\r\nb:\r\n\t- [é, *nope]\r\n", file: "x/y.yaml")
    }
    #expect(error?.line == 3)

    let undefined = #expect(throws: YAMLError.self) { try YAMLValue(yaml: "a: 1\nb: [é, *nope]\n", file: "x/y.yaml") }
    #expect(
      undefined?.description == """
        x/y.yaml:2:8: found undefined alias 'nope'
          b: [é, *nope]
                 ^
        """)
  }

  @Test(arguments: [
    ("a: [1, 2", 1, "did not find expected ',' or ']'"), ("a: 'x", 1, "found unexpected end of stream"),
    ("- a\nb: c", 2, "did not find expected '-' indicator"), ("a: b: c", 1, "mapping values are not allowed"),
    ("{a: 1}\n---\n{b: 2}", 2, "expected a single document in the stream"),
    ("a: &x 1\nb: &x 2", 2, "found duplicate anchor 'x', already at line 1"),
    ("a: &x\n  b: *x", 2, "the anchor 'x' holds itself"), ("? [a]\n: 1", 1, "found unhashable key"),
    ("<<: 5", 1, "expected a mapping or list of mappings for merging, but found integer"),
    ("<<: [1]", 1, "expected a mapping for merging, but found integer"),
    ("a: 1\nb: \u{1}", 2, "control characters are not allowed"),
  ])
  func mistakes(text: String, line: Int, problem: String) throws {
    let error = #expect(throws: YAMLError.self) { try YAMLValue(yaml: text) }
    #expect(error?.line == line)
    #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
  }

  @Test func whatIsMissingAtTheEndIsShownBehindTheLastThing() throws {
    let error = #expect(throws: YAMLError.self) { try YAMLValue(yaml: "a:\n  - [1, 2\n\n", file: "f") }
    #expect(error?.line == 2)
    #expect(error?.description.hasSuffix("\n    - [1, 2\n           ^") == true)
  }

  @Test func anAliasBombIsRefused() throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try YAMLValue(yaml: text) }
    #expect(error?.problem == "more than 1000000 nodes, counting what aliases stand for")
    #expect(error?.line == 6)
  }

  @Test func depthIsBoundedThroughAliasesToo() throws {
    let brackets = String(repeating: "[", count: 201) + String(repeating: "]", count: 201)
    #expect(throws: YAMLError.self) { try YAMLValue(yaml: brackets) }

    var text = "- &a0 [x]\n"
    for level in 1...250 { text += "- &a\(level) [*a\(level - 1)]\n" }
    let error = #expect(throws: YAMLError.self) { try YAMLValue(yaml: text) }
    #expect(error?.problem == "nested deeper than 200 levels")
  }

  @Test func limitsCanBeChanged() throws {
    var reader = YAMLReader()
    reader.nodeLimit = 3
    #expect(try reader.read("[a, b]") == ["a", "b"])
    #expect(throws: YAMLError.self) { try reader.read("[a, b, c]") }
  }

  private func json(_ text: String) throws -> String { try YAMLValue(yaml: text).json() }
}
