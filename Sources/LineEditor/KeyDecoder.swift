/// Makes keys of the bytes that a terminal sends: UTF-8, escape sequences of xterm and its kin, bracketed pastes.
///
/// What is not whole yet waits for the next bytes, so it does not matter how a read cuts them.
public struct KeyDecoder: Sendable {
  private var pending: [UInt8] = []
  private var pasted: [UInt8]?

  public init() {}

  /// The keys that the bytes complete.
  public mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
    pending += bytes
    var keys: [Key] = []
    var start = 0
    while start < pending.count {
      guard let (key, count) = pasted == nil ? next(pending[start...]) : paste(pending[start...]) else { break }
      start += count
      guard let key else { continue }
      // Text that comes in one read is one insertion, so that a paste without brackets is quick, too.
      if case .text(let more) = key, case .text(let text)? = keys.last {
        keys[keys.count - 1] = .text(text + more)
      } else {
        keys.append(key)
      }
    }
    pending.removeFirst(start)
    return keys
  }

  private static let pasteEnd = Array("\u{1b}[201~".utf8)

  /// The key at the front and how many bytes it takes; nil when it is not whole.
  private mutating func next(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    let first = bytes[bytes.startIndex]
    switch first {
    case 0x1B: return escape(bytes)
    case 0x0A, 0x0D: return (.enter, 1)
    case 0x09: return (.tab, 1)
    case 0x7F, 0x08: return (.backspace, 1)
    case 0..<0x20: return (.control(Self.controlled(first)), 1)
    case 0x20..<0x7F: return (.text(String(UnicodeScalar(first))), 1)
    default: return scalar(bytes)
    }
  }

  private static func controlled(_ byte: UInt8) -> Character {
    let letter = byte + 0x40
    return Character(UnicodeScalar(letter >= 0x41 && letter <= 0x5A ? letter + 0x20 : letter))
  }

  /// One scalar of UTF-8; a byte that begins none becomes U+FFFD.
  private func scalar(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    let first = bytes[bytes.startIndex]
    let length =
      switch first {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    let part = bytes.prefix(length)
    let continued = part.dropFirst().prefix { $0 & 0xC0 == 0x80 }.count + 1
    if continued == part.count, part.count < length { return nil }
    return (.text(String(decoding: part.prefix(continued), as: UTF8.self)), continued)
  }

  // MARK: Escape sequences

  private mutating func escape(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    guard bytes.count > 1 else { return nil }
    switch bytes[bytes.startIndex + 1] {
    case UInt8(ascii: "["): return controlSequence(bytes, prefix: 2, isMeta: false)
    case UInt8(ascii: "O"):
      guard bytes.count > 2 else { return nil }
      return (Self.final(bytes[bytes.startIndex + 2], modifier: 1), 3)
    case 0x0A, 0x0D: return (.newLine, 2)
    case 0x7F, 0x08: return (.deleteWordBack, 2)
    case 0x1B:
      // Alt and an arrow, as rxvt sends it; else the first Escape stands alone.
      guard bytes.count > 2 else { return nil }
      guard bytes[bytes.startIndex + 2] == UInt8(ascii: "[") else { return (nil, 1) }
      return controlSequence(bytes, prefix: 3, isMeta: true)
    case 0..<0x20: return (.unknown, 2)
    default:
      guard let (key, count) = scalar(bytes.dropFirst()) else { return nil }
      guard case .text(let text)? = key, let character = text.first else { return (.unknown, count + 1) }
      return (.meta(character), count + 1)
    }
  }

  private mutating func controlSequence(_ bytes: ArraySlice<UInt8>, prefix: Int, isMeta: Bool) -> (Key?, Int)? {
    let body = bytes.dropFirst(prefix)
    guard let end = body.firstIndex(where: { (0x40...0x7E).contains($0) }) else {
      // No sequence is that long: something else has come.
      return body.count > 32 ? (.unknown, prefix + body.count) : nil
    }
    let count = end - bytes.startIndex + 1
    // The Linux console's function keys: Escape, [, [ and a letter.
    if body[end] == UInt8(ascii: "["), end == body.startIndex {
      return body.count > 1 ? (.unknown, count + 1) : nil
    }
    let numbers = body[..<end].split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map {
      Int(String(decoding: $0, as: UTF8.self)) ?? 1
    }
    let modifier = isMeta ? 3 : numbers.count > 1 ? numbers[1] : 1
    guard body[end] == UInt8(ascii: "~") else { return (Self.final(body[end], modifier: modifier), count) }
    switch numbers.first ?? 0 {
    case 200:
      pasted = []
      return (nil, count)
    case 1, 7: return (.home, count)
    case 4, 8: return (.end, count)
    case 3: return (modifier > 2 ? .deleteWord : .delete, count)
    case 5: return (.pageUp, count)
    case 6: return (.pageDown, count)
    default: return (.unknown, count)
    }
  }

  /// The key of a final letter; 3 is Alt and 5 is Control, as xterm counts modifiers.
  private static func final(_ letter: UInt8, modifier: Int) -> Key {
    switch UnicodeScalar(letter) {
    case "A": modifier > 2 ? .pageUp : .up
    case "B": modifier > 2 ? .pageDown : .down
    case "C": modifier > 2 ? .wordRight : .right
    case "D": modifier > 2 ? .wordLeft : .left
    case "a", "b": .unknown
    case "c": .wordRight
    case "d": .wordLeft
    case "H": .home
    case "F": .end
    case "M": .enter
    case "Z": .backTab
    default: .unknown
    }
  }

  // MARK: Pastes

  private mutating func paste(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    let end = Self.pasteEnd
    var place = bytes.startIndex
    while place < bytes.endIndex {
      if bytes[place] == end[0] {
        let rest = bytes[place...].prefix(end.count)
        if rest.elementsEqual(end) {
          let whole = (pasted ?? []) + bytes[..<place]
          pasted = nil
          return (.paste(Self.text(whole)), place - bytes.startIndex + end.count)
        }
        if rest.count < end.count, end.starts(with: rest) { break }
      }
      place += 1
    }
    // Kept aside, so that a long paste is not looked through again with each read.
    let taken = place - bytes.startIndex
    guard taken > 0 else { return nil }
    pasted?.append(contentsOf: bytes[..<place])
    return (nil, taken)
  }

  /// A paste's lines end as the terminal likes; here they end with a line feed. Escapes could draw, so they go.
  private static func text(_ bytes: [UInt8]) -> String {
    var scalars = String.UnicodeScalarView()
    var afterReturn = false
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      defer { afterReturn = scalar == "\r" }
      switch scalar {
      case "\r": scalars.append("\n")
      case "\n": if !afterReturn { scalars.append("\n") }
      case "\t": scalars.append("\t")
      case "\0"..<" ", "\u{7F}": continue
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }
}
