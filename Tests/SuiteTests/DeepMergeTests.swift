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
    let heap = ObjectHeap()
    let merged = try heap.deepMerge(into: heap.read(yaml: target), from: heap.read(yaml: source))
    #expect(try heap.value(of: merged).json() == expected)
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
    let heap = ObjectHeap()
    let (left, right) = (try heap.read(yaml: target), try heap.read(yaml: source))
    let error = #expect(throws: DeepMergeError.self) { try heap.deepMerge(into: left, from: right) }
    #expect(error?.description == expected)
  }

  @Test func aClashLeavesTheRestInPlace() throws {
    let heap = ObjectHeap()
    let target = try heap.read(yaml: "{a: [1], b: {c: [2]}}")
    let source = try heap.read(yaml: "{a: [3], b: {c: 4}}")
    #expect(throws: DeepMergeError.self) { try heap.deepMerge(into: target, from: source) }
    #expect(try heap.value(of: target).json() == #"{"a":[1,3],"b":{"c":[2]}}"#)
  }

  @Test func itemsOfListsAreSharedAndDictsBehindKeysAreMadeAnew() throws {
    let heap = ObjectHeap()
    let source = try heap.read(yaml: "{t: [{k: [1]}], d: {e: {f: 1}}}")
    let target = try heap.deepMerge(into: heap.makeDict(), from: source)
    let (list, other) = (try #require(heap.value(target, for: "t")), try #require(heap.value(source, for: "t")))
    #expect(list.number != other.number)
    #expect(heap.item(list, at: 0).number == heap.item(other, at: 0).number)
    #expect(heap.value(target, for: "d")?.number != heap.value(source, for: "d")?.number)
  }

  @Test func aScalarIsReplacedByTheVeryListThatComes() throws {
    let heap = ObjectHeap()
    let target = try heap.read(yaml: "{d: s}")
    let source = try heap.read(yaml: "{d: [1]}")
    try heap.deepMerge(into: target, from: source)
    #expect(heap.value(target, for: "d")?.number == heap.value(source, for: "d")?.number)
  }

  @Test func whatAnAnchorSharesIsOneObject() throws {
    let heap = ObjectHeap()
    let value = try heap.read(yaml: "a: &x {k: [1]}\nb: *x\nc: [*x]")
    let numbers = ["a", "b"].map { heap.value(value, for: $0)?.number }
    #expect(numbers[0] == numbers[1])
    let copy = try heap.deepCopy(value)
    #expect(heap.value(copy, for: "a")?.number == heap.value(copy, for: "b")?.number)
    #expect(heap.value(copy, for: "a")?.number != numbers[0])
    // Reached through keys it is made anew for each.
    let merged = try heap.deepMerge(into: heap.makeDict(), from: value)
    #expect(heap.value(merged, for: "a")?.number != heap.value(merged, for: "b")?.number)
  }

  @Test func aDictThatHoldsItselfIsAnErrorAndNoCrash() throws {
    let heap = ObjectHeap()
    let loop = heap.makeDict()
    heap.set(loop, in: loop, for: heap.text("self"))
    #expect(throws: DeepMergeError.self) { try heap.deepMerge(into: heap.makeDict(), from: loop) }
    #expect(throws: ObjectTextError.tooDeep) { try heap.value(of: loop) }
  }

  @Test func largeDictsFindTheirKeys() throws {
    let heap = ObjectHeap()
    let dict = heap.makeDict()
    for number in 0..<5000 { heap.set(.integer(number), in: dict, for: heap.text("k\(number)")) }
    for number in stride(from: 0, to: 5000, by: 2) { _ = heap.removeValue(from: dict, for: heap.text("k\(number)")) }
    heap.set(.integer(-1), in: dict, for: .integer(1))
    #expect(heap.count(dict) == 2501)
    #expect(heap.value(dict, for: "k4998") == nil)
    #expect(heap.value(dict, for: "k4999")?.integerValue == 4999)
    #expect(heap.value(dict, for: .float(1))?.integerValue == -1)
    #expect(heap.value(dict, for: .bool(true))?.integerValue == -1)
  }
}

extension ObjectHeap {
  fileprivate func read(yaml text: String) throws -> Object { try read(yaml: text, file: "test") }
}
