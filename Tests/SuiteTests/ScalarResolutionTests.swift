import Suite
import Testing

/// The expected values are those of PyYAML 6.0's `safe_load`.
@Suite("Plain scalars resolve as in PyYAML") struct ScalarResolutionTests {
  @Test(
    arguments: [
      ("yes", true), ("Yes", true), ("YES", true), ("on", true), ("True", true), ("no", false), ("Off", false),
      ("FALSE", false), ("y", "y"), ("n", "n"), ("oN", "oN"), ("tRUE", "tRUE"),
    ] as [(String, YAMLValue)])
  func booleans(text: String, expected: YAMLValue) throws {
    #expect(try item(text) == expected)
  }

  @Test(arguments: ["", "~", "null", "Null", "NULL"])
  func nulls(text: String) throws {
    #expect(try item(text) == .null)
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("+12", 12), ("010", 8), ("08", "08"), ("0o17", "0o17"), ("0b11", 3), ("-0x1f", -31),
      ("1_000", 1000), ("_1", "_1"), ("0_", 0), ("1:30", 90), ("-1:30", -90), ("190:20:30", 685_230), ("1:60", "1:60"),
      ("0:30", "0:30"), ("1:5:", nil), ("9223372036854775807", .integer(.max)),
      ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .bigInteger("9223372036854775808")),
      ("0xffffffffffffffffffff", .bigInteger("1208925819614629174706175")),
      ("-0777777777777777777777777", .bigInteger("-4722366482869645213695")),
      ("1000000000000000000000:59", .bigInteger("60000000000000000000059")),
    ] as [(String, YAMLValue?)])
  func integers(text: String, expected: YAMLValue?) throws {
    // nil stands for what is no scalar at all in a list.
    if let expected { #expect(try item(text) == expected) } else { #expect(try item(text).mapping != nil) }
  }

  @Test(
    arguments: [
      ("1e3", "1e3"), ("1e+3", "1e+3"), ("1.0e3", "1.0e3"), ("1.0e+3", 1000.0), ("12e03", "12e03"), ("1.", 1.0),
      ("1.e+3", 1000.0), (".5", 0.5), ("-.5", "-.5"), ("._5", "._5"), ("1_0.5", 10.5), ("20.04", 20.04),
      ("9.stream", "9.stream"), ("190:20:30.15", 685230.15), (".inf", .float(.infinity)), ("-.INF", .float(-.infinity)),
      ("+.nan", "+.nan"), ("1.0e+999", .float(.infinity)), (".", "."), ("08.5", 8.5),
    ] as [(String, YAMLValue)])
  func floats(text: String, expected: YAMLValue) throws {
    #expect(try item(text) == expected)
  }

  @Test func notANumber() throws {
    guard case .float(let number) = try item(".NaN") else {
      Issue.record("not a float")
      return
    }
    #expect(number.isNaN)
  }

  @Test(arguments: [
    ("2024-01-02", "2024-01-02", false), ("2024-01-02 03:04:05", "2024-01-02T03:04:05", true),
    ("2024-1-2 3:04:05Z", "2024-01-02T03:04:05+00:00", true),
    ("2001-12-14t21:59:43.10-05:30", "2001-12-14T21:59:43.100000-05:30", true),
    ("2024-01-02T03:04:05.1234567 +2", "2024-01-02T03:04:05.123456+02:00", true),
  ])
  func timestamps(text: String, iso: String, hasTime: Bool) throws {
    guard case .timestamp(let timestamp) = try item(text) else {
      Issue.record("not a timestamp: \(text)")
      return
    }
    #expect(timestamp.iso == iso)
    #expect(timestamp.hasTime == hasTime)
  }

  @Test(arguments: ["2024-1-2", "2024-01-02 03:04", "24-01-02", "9.0.2"])
  func almostTimestampsAreStrings(text: String) throws {
    #expect(try item(text) == .string(text))
  }

  @Test(arguments: ["2024-13-02", "2024-02-30", "1900-02-29", "2024-01-02T24:00:00", "2024-01-02 00:00:00+24:00"])
  func daysThatDoNotExistAreErrors(text: String) throws {
    let error = #expect(throws: YAMLError.self) { try item(text) }
    #expect(error?.problem == "'\(text)' is not a date or time that exists")
  }

  @Test(
    arguments: [
      ("!!str 5", "5"), ("!!str", ""), ("!!int \"0x1f\"", 31), ("!!float 1", 1.0), ("!!float \"1e3\"", 1000.0),
      ("!!bool yEs", true), ("!!null abc", nil), ("! \"5\"", 5), ("!", nil), ("'1'", "1"), ("\"yes\"", "yes"),
      ("!!binary aGVsbG8=", .binary(Array("hello".utf8))), ("\"<<\"", "<<"),
    ] as [(String, YAMLValue)])
  func tagsAndQuotes(text: String, expected: YAMLValue) throws {
    #expect(try item(text) == expected)
  }

  @Test(arguments: [
    ("!!int abc", "is not an integer"), ("0x_", "is not an integer"), ("!!float abc", "is not a float"),
    ("!!bool maybe", "is not a boolean"), ("!!binary aGVsbG8", "is not base64"),
    ("!foo x", "could not determine a constructor for the tag '!foo'"),
    ("!!set {a}", "the tag '!!set' is not supported"), ("=", "for the tag '!!value'"), ("<<", "for the tag '!!merge'"),
    ("!!map x", "expected a mapping node, but found scalar"), ("!!str [x]", "the tag '!!str' does not fit a sequence"),
  ])
  func refusals(text: String, problem: String) throws {
    let error = #expect(throws: YAMLError.self) { try item(text) }
    #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
  }

  @Test func digitsAreBoundedAsInPython() throws {
    #expect(throws: YAMLError.self) { try item(String(repeating: "1", count: 5000)) }
  }

  private func item(_ text: String) throws -> YAMLValue {
    let value = try YAMLValue(yaml: "- " + text)
    return try #require(value.sequence?.first)
  }
}
