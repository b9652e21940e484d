import LuaKit

/// Writes JSON text.
struct JSONWriter: DataSink {
  private(set) var bytes: [UInt8] = []
  private let isPretty: Bool
  private var depth = 0
  /// Nothing stands yet behind the bracket that is open.
  private var isFirst = true

  init(pretty: Bool) { isPretty = pretty }

  mutating func null() { put("null") }
  mutating func bool(_ value: Bool) { put(value ? "true" : "false") }
  mutating func integer(_ value: Int64) { put(String(value)) }

  mutating func number(_ value: Double) throws(LuaMismatch) {
    guard value.isFinite else { throw LuaMismatch("JSON has no \(value.isNaN ? "nan" : "infinity")") }
    // With a point or an exponent, so that it is read as a float again.
    put(value.description)
  }

  mutating func string(_ text: UnsafeRawBufferPointer) throws(LuaMismatch) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    var isASCII = true
    for (place, byte) in text.enumerated() {
      if byte >= 0x80 { isASCII = false }
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      bytes.append(contentsOf: text[start..<place])
      start = place + 1
      escape(byte)
    }
    if !isASCII, let place = UTF8Check.firstFault(in: text) {
      throw LuaMismatch("a string that is not UTF-8: byte \(place + 1) of \(text.count)")
    }
    bytes.append(contentsOf: text[start...])
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func beginList() { open("[") }
  mutating func element() { separate() }
  mutating func endList() { close("]") }
  mutating func beginRecord() { open("{") }
  mutating func endRecord() { close("}") }

  mutating func key(_ key: DataKey) throws(LuaMismatch) {
    guard case .string(let text) = key else {
      throw LuaMismatch("JSON has only strings as keys, or a list from 1 on without a gap")
    }
    separate()
    try string(text)
    put(isPretty ? ": " : ":")
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func open(_ bracket: String) {
    put(bracket)
    depth += 1
    isFirst = true
  }

  private mutating func close(_ bracket: String) {
    depth -= 1
    if !isFirst { newLine() }
    put(bracket)
    isFirst = false
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
    newLine()
  }

  private mutating func newLine() {
    guard isPretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\n"): put("\\n")
    case UInt8(ascii: "\t"): put("\\t")
    case UInt8(ascii: "\r"): put("\\r")
    case UInt8(ascii: "\""): put("\\\"")
    case UInt8(ascii: "\\"): put("\\\\")
    default: put("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
    }
  }
}

enum UTF8Check {
  /// The offset of the first byte that is not part of UTF-8, or nil.
  static func firstFault(in bytes: UnsafeRawBufferPointer) -> Int? {
    bytes.withMemoryRebound(to: UInt8.self) { buffer -> Int? in
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: buffer.span)
        return nil
      } catch {
        return error.byteOffsets.lowerBound
      }
    }
  }
}
