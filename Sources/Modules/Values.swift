import Host
import LuaKit

extension Options {
  /// A size: bytes, or a text such as "128G".
  func size(_ name: String) throws -> ByteSize? {
    guard let value: LuaValue = try value(name) else { return nil }
    if let bytes = value.int {
      guard bytes > 0 else { throw wrong(name, "a size above 0 expected, got \(bytes)") }
      return ByteSize(bytes: bytes)
    }
    do throws(HostError) { return try ByteSize(value.text ?? "") } catch { throw wrong(name, error.message) }
  }

  /// A time: seconds, or a text with a unit: "300ms", "90s", "5m", "2h", "7d".
  func duration(_ name: String) throws -> Duration? {
    guard let value: LuaValue = try value(name) else { return nil }
    guard let seconds = value.seconds, seconds > 0 else { throw wrong(name, LuaValue.secondsExpected) }
    return .milliseconds(Int64(seconds * 1000))
  }

  /// An integer within bounds.
  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = try integer(name) else { return nil }
    guard range.contains(value) else {
      throw wrong(name, "\(range.lowerBound) to \(range.upperBound) expected, got \(value)")
    }
    return value
  }

  /// A table of texts by name, in order of the names.
  func texts(_ name: String) throws -> [(name: String, value: [UInt8])] {
    guard let value: LuaValue = try value(name) else { return [] }
    return (value.fields ?? []).compactMap { field in
      guard let key = field.key.text, case .bytes(let bytes) = field.value else { return nil }
      return (key, bytes)
    }
  }
}

extension LuaValue {
  /// The seconds of a number, or of a text that may have a unit; nil for what is no time, or from 1e9 seconds on.
  var seconds: Double? {
    if let text { return Duration.seconds(written: text) }
    guard let double, double.isFinite, double < 1e9 else { return nil }
    return double
  }

  /// What to say where ``seconds`` is nil.
  static let secondsExpected = "a time expected: seconds, or a text such as \"90s\" or \"5m\""

  /// A table with string keys, from pairs.
  static func record(_ fields: [(String, LuaValue)]) -> LuaValue { .table(fields.map { Field(.string($0.0), $0.1) }) }

  /// The status and output of a program, as scripts get them.
  static func result(status: Int, output: [UInt8], error: [UInt8]) -> LuaValue {
    .record([("status", .integer(Int64(status))), ("stdout", .bytes(output)), ("stderr", .bytes(error))])
  }
}
