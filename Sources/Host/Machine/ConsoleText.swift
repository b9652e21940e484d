/// What a guest wrote to its serial console, as lines of plain text.
struct ConsoleText {
  let lines: [String]

  /// - Parameter bytes: the log as QEMU keeps it: with escape sequences of the firmware and carriage returns.
  init(_ bytes: [UInt8]) {
    var text: [UInt8] = []
    var place = bytes.startIndex
    while place < bytes.endIndex {
      if bytes[place] == 0x1b {
        place = Self.end(ofSequenceAt: place, bytes)
        continue
      }
      if bytes[place] == UInt8(ascii: "\n") || bytes[place] == UInt8(ascii: "\t") || bytes[place] >= 0x20 {
        text.append(bytes[place])
      }
      place += 1
    }
    lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
      .map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
  }

  /// The text of the panic's own line, without the time stamp.
  var panic: String? {
    let mark = "Kernel panic - not syncing: "
    for line in lines {
      if let range = line.firstRange(of: mark) { return String(line[range.upperBound...]) }
    }
    return nil
  }

  func lastLines(_ count: Int) -> String { lines.suffix(count).joined(separator: "\n") }

  /// Where a control sequence (ECMA-48: ESC [ parameters final, or ESC and one byte) ends.
  private static func end(ofSequenceAt start: Int, _ bytes: [UInt8]) -> Int {
    var place = start + 1
    guard place < bytes.endIndex else { return place }
    guard bytes[place] == UInt8(ascii: "[") else { return place + 1 }
    place += 1
    while place < bytes.endIndex, !(0x40...0x7e).contains(bytes[place]) { place += 1 }
    return min(place + 1, bytes.endIndex)
  }
}
