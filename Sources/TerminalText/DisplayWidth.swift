/// How many columns of a terminal a text takes.
public enum DisplayWidth {
  /// Escape sequences take none, wide characters of East Asia and most emoji take two.
  public static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return pieces(text).reduce(0) { $0 + $1.width }
  }

  /// The text cut to a number of columns, with "…" where something was left out. Escape sequences all stay, so that a colour
  /// that is switched on is switched off, too.
  public static func truncate(_ text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    var cut = ""
    var (room, isFull) = (columns - 1, columns < 1)
    for piece in pieces(text) {
      if piece.isEscape {
        cut += piece.text
      } else if !isFull {
        if piece.width > room {
          isFull = true
          cut += "…"
        } else {
          cut += piece.text
          room -= piece.width
        }
      }
    }
    return cut
  }

  private struct Piece {
    let text: Substring
    let width: Int
    let isEscape: Bool
  }

  /// Characters and escape sequences.
  private static func pieces(_ text: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text[...]
    while let character = rest.first {
      if let sequence = escape(rest) {
        pieces.append(Piece(text: sequence, width: 0, isEscape: true))
        rest = rest[sequence.endIndex...]
      } else {
        pieces.append(Piece(text: rest.prefix(1), width: width(character), isEscape: false))
        rest = rest.dropFirst()
      }
    }
    return pieces
  }

  /// The control sequence at the front (ECMA-48, 5.4): ESC [, parameters, and a final byte.
  private static func escape(_ text: Substring) -> Substring? {
    guard text.hasPrefix("\u{1b}[") else { return nil }
    let scalars = text.unicodeScalars
    guard let end = scalars.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0.value) }) else { return nil }
    return text[..<scalars.index(after: end)]
  }

  private static func width(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    let properties = first.properties
    switch properties.generalCategory {
    case .control, .format, .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    // With the variation selector a sign that is narrow else is drawn as an emoji.
    if properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    return wide.contains { $0.contains(first.value) } ? 2 : 1
  }

  /// The blocks that are wide or full-width in EastAsianWidth.txt of Unicode 15.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
    0xA000...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
    0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
  ]
}
