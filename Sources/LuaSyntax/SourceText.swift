/// A file of Lua, and where its bytes are for a person.
public struct SourceText: Sendable {
  public let bytes: [UInt8]
  private let lineStarts: [Int]

  /// - Parameter bytes: the whole file; a byte order mark and a first line that begins with "#" are no Lua, and passed over.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
    lineStarts = starts
  }

  /// Where Lua begins.
  public var start: Int {
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    if start < bytes.count, bytes[start] == UInt8(ascii: "#") {
      while start < bytes.count, bytes[start] != UInt8(ascii: "\n") { start += 1 }
    }
    return start
  }

  /// Line and column of a byte, both from 1; columns count characters.
  public func position(of offset: Int) -> (line: Int, column: Int) {
    let offset = min(max(0, offset), bytes.count)
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let before = bytes[lineStarts[low]..<offset]
    // Bytes that go on with a character of UTF-8 are left out.
    return (low + 1, before.count { $0 & 0xC0 != 0x80 } + 1)
  }
}

/// Where a text stops being Lua.
public struct SyntaxError: Error, Sendable {
  public let offset: Int
  public let message: String
}
