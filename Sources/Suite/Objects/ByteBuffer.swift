import Glibc

/// Bytes that are written one after the other.
public struct ByteBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// How many there are.
  public private(set) var count = 0

  /// An empty buffer.
  public init() {
    capacity = 256
    start = .allocate(capacity: capacity)
  }

  deinit { start.deallocate() }

  /// Hands out the bytes.
  public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// All bytes as text.
  public var text: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }

  /// Forgets the bytes from a number on; the room stays.
  public mutating func truncate(to count: Int) { self.count = min(max(count, 0), self.count) }

  /// Adds one byte.
  public mutating func append(_ byte: UInt8) {
    if count == capacity { reserve(1) }
    start[count] = byte
    count += 1
  }

  /// Adds bytes.
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) { append(bytes.baseAddress, bytes.count) }

  /// Adds a text's UTF-8.
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0.baseAddress, $0.count) }
  }

  mutating func append(_ bytes: UnsafePointer<UInt8>?, _ length: Int) {
    guard let bytes, length > 0 else { return }
    if count + length > capacity { reserve(length) }
    memcpy(start + count, bytes, length)
    count += length
  }

  /// Adds UTF-8 as a JSON string.
  public mutating func appendQuoted(_ bytes: UnsafeBufferPointer<UInt8>) {
    append(UInt8(ascii: "\""))
    var plain = 0
    for (place, byte) in bytes.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
      append(UnsafeBufferPointer(rebasing: bytes[plain..<place]))
      plain = place + 1
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0x08: append("\\b")
      case 0x0C: append("\\f")
      default: append("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))")
      }
    }
    append(UnsafeBufferPointer(rebasing: bytes[plain...]))
    append(UInt8(ascii: "\""))
  }

  private mutating func reserve(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
  }
}
