import CHost

/// How many columns of a terminal a text takes.
public enum DisplayWidth {
  /// Escape sequences and control characters take none, wide characters of East Asia and most emoji take two. Characters that
  /// are joined, as a letter and its accent or a family of emoji, are as wide as one.
  public static func of(_ text: some StringProtocol) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return pieces(Substring(text)).reduce(0) { $0 + $1.width }
  }

  /// The text cut to a number of columns, with "…" where something was left out. Escape sequences all stay, so that a colour
  /// that is switched on is switched off, too.
  public static func truncate(_ text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    var cut = ""
    var (room, isFull) = (columns - 1, columns < 1)
    for piece in pieces(text[...]) {
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
  private static func pieces(_ text: Substring) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text
    while let character = rest.first {
      if let end = endOfEscape(rest) {
        pieces.append(Piece(text: rest[..<end], width: 0, isEscape: true))
        rest = rest[end...]
      } else {
        pieces.append(Piece(text: rest.prefix(1), width: width(character), isEscape: false))
        rest = rest.dropFirst()
      }
    }
    return pieces
  }

  /// Where the escape sequence at the front ends, by ECMA-48 and ECMA-35: ESC [ with parameters and a final byte, ESC ] with
  /// a text and its terminator, or ESC with intermediate bytes and a final one. Nil when there is none, or no whole one.
  private static func endOfEscape(_ text: Substring) -> Substring.Index? {
    let scalars = text.unicodeScalars
    guard scalars.first == "\u{1b}" else { return nil }
    let body = scalars.dropFirst()
    let last: Substring.Index?
    switch body.first {
    case "[": last = body.dropFirst().firstIndex { (0x40...0x7E).contains($0.value) }
    case "]":
      guard let stop = body.firstIndex(where: { $0 == "\u{7}" || $0 == "\u{1b}" }) else { return nil }
      let afterStop = scalars.index(after: stop)
      last = scalars[stop] == "\u{7}" ? stop : scalars[afterStop...].first == "\\" ? afterStop : nil
    default:
      last = body.firstIndex { !(0x20...0x2F).contains($0.value) }
      guard let last, (0x30...0x7E).contains(scalars[last].value) else { return nil }
    }
    return last.map { scalars.index(after: $0) }
  }

  private static func width(_ character: Character) -> Int {
    // With the variation selector a sign that is narrow else is drawn as an emoji (Unicode Standard Annex 11, 5).
    if character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    return min(2, character.unicodeScalars.reduce(0) { $0 + max(0, Int(chost_columns($1.value))) })
  }
}
