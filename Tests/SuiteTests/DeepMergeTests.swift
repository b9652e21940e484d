import Suite
import Testing

/// The expected values are those of teuthology 1.3.0's `deep_merge`.
@Suite("deep_merge") struct DeepMergeTests {
  @Test(arguments: [
    ("{x: 1}", "{y: 2}", #"{"x":1,"y":2}"#), ("{x: 1}", "{x: 2}", #"{"x":2}"#),
    ("{x: {p: 1}}", "{x: {q: 2}}", #"{"x":{"p":1,"q":2}}"#), ("{x: 1}", "{x: null}", #"{"x":1}"#),
    ("{}", "{x: null}", #"{"x":null}"#), ("{x: null}", "{x: {q: null}}", #"{"x":{"q":null}}"#),
    ("{x: null}", "{x: [1]}", #"{"x":[1]}"#), ("{x: [1, 2]}", "{x: [2, 3]}", #"{"x":[1,2,2,3]}"#),
    ("[1]", "[1]", "[1,1]"), ("{x: [1]}", "{x: null}", #"{"x":[1]}"#), ("{x: {}}", "{x: null}", #"{"x":{}}"#),
    ("{x: s}", "{x: [1]}", #"{"x":[1]}"#), ("{x: 0}", "{x: {a: 1}}", #"{"x":{"a":1}}"#),
    ("{x: no}", "{x: [1]}", #"{"x":[1]}"#), ("{x: ''}", "{x: null}", #"{"x":""}"#), ("null", "null", "null"),
    ("null", "{a: {b: [1]}}", #"{"a":{"b":[1]}}"#), ("null", "s", #""s""#), ("null", "1.5", "1.5"),
    ("{x: 2020-01-01}", "{x: 2021-01-01}", #"{"x":"2021-01-01"}"#),
    ("{}", "{d: [2020-01-01]}", #"{"d":["2020-01-01"]}"#),
    ("{1: a}", "{'1': b}", #"{"1":"a","1":"b"}"#), ("{1: a}", "{yes: b}", #"{"1":"b"}"#),
    ("{tasks: [{a: 1}]}", "{tasks: [{a: 2}]}", #"{"tasks":[{"a":1},{"a":2}]}"#),
    ("{b: 1, a: 1}", "{c: 1, a: 2, '0': 1}", #"{"b":1,"a":2,"c":1,"0":1}"#),
  ])
  func merges(into target: String, from source: String, expected: String) throws {
    var value = try YAMLValue(yaml: target)
    try deepMerge(into: &value, from: try YAMLValue(yaml: source))
    #expect(value.json() == expected)
  }

  @Test(arguments: [
    ("{x: [1]}", "{x: s}", "x: cannot merge string into sequence"),
    ("{x: {y: [1]}}", "{x: {y: {a: 1}}}", "x.y: cannot merge mapping into sequence"),
    ("{x: {a: 1}}", "{x: [1]}", "x: cannot merge sequence into mapping"),
    ("{x: {}}", "{x: 5}", "x: cannot merge integer into mapping"),
    ("[1]", "{}", "the top level: cannot merge mapping into sequence"),
    ("{}", "{d: {e: 2020-01-01}}", "d.e: cannot add a date; quote it to make it a string"),
    ("{d: null}", "{d: 2020-01-01 00:00:00}", "d: cannot add a timestamp; quote it to make it a string"),
  ])
  func clashesNameTheirPath(target: String, source: String, expected: String) throws {
    var value = try YAMLValue(yaml: target)
    let other = try YAMLValue(yaml: source)
    let error = #expect(throws: DeepMergeError.self) { try deepMerge(into: &value, from: other) }
    #expect(error?.description == expected)
  }

  @Test func aClashLeavesTheRestInPlace() throws {
    var value = try YAMLValue(yaml: "{a: [1], b: {c: [2]}}")
    #expect(throws: DeepMergeError.self) { try deepMerge(into: &value, from: ["a": [3], "b": ["c": 4]]) }
    #expect(value.json() == #"{"a":[1,3],"b":{"c":[2]}}"#)
  }

  @Test func appendingDoesNotCopyWhatIsThere() throws {
    var value: YAMLValue = ["l": .sequence(Array(repeating: 1, count: 200_000))]
    // Quadratic, this would copy 4 GB.
    for _ in 0..<1000 { try deepMerge(into: &value, from: ["l": [2]]) }
    #expect(value["l"]?.sequence?.count == 201_000)
  }
}
