import Suite
import Testing

@Suite("Writing YAML and JSON") struct WriterTests {
  @Test func yamlIsInBlockStyle() throws {
    let value: YAMLValue = [
      "name": "wip-foo", "tasks": [["exec": ["mon.a": ["echo 1", "echo 2"]]], ["install": nil], [1, [2]]],
      "empty": [[:], []], "script": "if x then\n  reject()\nend\n", 1: true,
    ]
    #expect(
      value.yaml == """
        name: wip-foo
        tasks:
          - exec:
              mon.a:
                - echo 1
                - echo 2
          - install: null
          - - 1
            - - 2
        empty:
          - {}
          - []
        script: |
          if x then
            reject()
          end
        1: true

        """)
    #expect(try YAMLValue(yaml: value.yaml) == value)
  }

  @Test(arguments: [
    "", " ", "a ", " a", "yes", "NULL", "~", "y", "1", "1e3", "0o17", "0x_", "1:30", "2024-01-02", "2024-13-99", "<<",
    "=",
    "- a", "a: b", "a:", "a #b", "#a", "'", "\"", "\\", "---", "...", "%x", "!x", "&x", "*x", "[", "{", "|", ">", "?",
    "a\nb", "a\n", "a\n\n", "a\n\nb\n \n", "\na", " a\nb", "\t\n", "a\tb", "a\r\nb", "\u{85}", "\u{2028}x", "\u{feff}x",
    "\0", "\u{7f}", "é", "😀\n😀", "---\nx", "nan", "inf", "infinity", "# a\nb", "key: v\n", "9p", "/a/b-c.d",
  ])
  func everyStringComesBack(string: String) throws {
    let values: [YAMLValue] = [
      .string(string), [.string(string)], ["k": .string(string)], .mapping([.string(string): 1]),
      [["k": [.string(string), "x"]]],
    ]
    for value in values {
      #expect(try YAMLValue(yaml: value.yaml) == value, "\(value.yaml)")
    }
  }

  @Test func everyKindComesBack() throws {
    let value: YAMLValue = [
      nil, true, false, .integer(.min), .bigInteger("-123456789012345678901234567890"), 1.0, -0.0, 1e16,
      .float(.leastNonzeroMagnitude),
      1.7976931348623157e308, .float(.infinity), .float(-.infinity), .binary([]), .binary([0]), .binary([0, 255]),
      .binary([1, 2, 3, 4]), .timestamp(try #require(YAMLTimestamp("2024-01-02"))),
      .timestamp(try #require(YAMLTimestamp("2024-01-02T03:04:05.5-05:30"))), [:], [],
      [1: 1, 1.5: 2, nil: 3, .bool(false): 4],
    ]
    #expect(try YAMLValue(yaml: value.yaml) == value)
    #expect(try YAMLValue(yaml: YAMLValue.float(1e16).yaml) == 1e16)
  }

  @Test func aLongKeyIsWrittenApart() throws {
    let value: YAMLValue = [.string(String(repeating: "long ", count: 300) + "key"): ["a": [1]]]
    #expect(value.yaml.hasPrefix("? long"))
    #expect(try YAMLValue(yaml: value.yaml) == value)
  }

  @Test func jsonIsCompact() throws {
    let value = try YAMLValue(yaml: "{b: [1, 2.5, null, yes], a: \"\\x01\\\"é\\n\", 2: 2024-01-02, d: !!binary aGk=}")
    #expect(value.json() == #"{"b":[1,2.5,null,true],"a":"\u0001\"é\n","2":"2024-01-02","d":"aGk="}"#)
    #expect(value.json(sortedKeys: true).hasPrefix(#"{"2":"2024-01-02","a":"#))
    #expect(
      YAMLValue.sequence([.float(.nan), .bigInteger("12345678901234567890")]).json() == "[null,12345678901234567890]")
  }
}
