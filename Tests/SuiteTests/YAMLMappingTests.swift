import Suite
import Testing

@Suite("A mapping") struct YAMLMappingTests {
  @Test(arguments: [5, 40])
  func findsAndRemovesKeysWhateverItsSize(count: Int) {
    var mapping = YAMLMapping((0..<count).map { (.string("k\($0)"), .integer($0)) })
    #expect(mapping["k3"] == 3)
    #expect(mapping.removeValue(forKey: "k1") == 1)
    #expect(mapping.removeValue(forKey: "k1") == nil)
    #expect(mapping["k1"] == nil)
    #expect(mapping["k\(count - 1)"] == .integer(count - 1))
    mapping["k1"] = "again"
    #expect(mapping.keys.last == "k1")
    #expect(mapping.count == count)
  }

  @Test(arguments: [0, 40])
  func equalNumbersAreOneKey(padding: Int) {
    var mapping = YAMLMapping((0..<padding).map { (.string("k\($0)"), .null) })
    mapping[1] = "a"
    mapping[.bool(true)] = "b"
    mapping[1.0] = "c"
    mapping[1.5] = "d"
    mapping["1"] = "e"
    #expect(mapping.count == padding + 3)
    #expect(mapping[1] == "c")
    #expect(Array(mapping.keys.suffix(3)) == [1, 1.5, "1"])
  }

  @Test func setsNullButRemovesWithNil() {
    var mapping: YAMLMapping = ["a": 1, "b": 2]
    mapping["a"] = .null
    mapping["b"] = nil as YAMLValue?
    #expect(mapping.keys == ["a"])
    #expect(mapping["a"] == .some(.null))
  }

  @Test func equalityDoesNotAskForOrder() {
    #expect(["a": 1, "b": 2] as YAMLMapping == ["b": 2, "a": 1])
    #expect(["a": 1] as YAMLMapping != ["a": 1.0])
    #expect(["a": nil] as YAMLMapping != ["b": nil])
  }
}
