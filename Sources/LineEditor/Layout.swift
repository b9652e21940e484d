import TerminalText

/// Where each character of a text stands on a terminal, and the bytes that draw it.
public struct Layout: Sendable {
  private struct Row {
    var text = ""
    /// It goes on from the row above without a line feed.
    var isWrapped = false
  }

  /// What a terminal is sent to show the text from the start of an empty row on, the cursor in its place.
  public let drawing: String
  /// How many rows the cursor is below the first one drawn.
  public let cursorRow: Int

  /// - Parameters:
  ///   - buffer: The text.
  ///   - prompt: What stands before its first line; escape sequences in it are of no width.
  ///   - continuation: What stands before the others.
  ///   - below: Lines to show under it, cut at the right edge.
  ///   - columns: The terminal's width.
  ///   - rows: Its height: of a text that is higher, the rows around the cursor are shown.
  public init(
    _ buffer: LineBuffer, prompt: String, continuation: String, below: [String] = [], columns: Int, rows: Int
  ) {
    let columns = max(columns, 8)
    let rows = max(rows, 2)
    var lines = [Row()]
    var column = 0
    var cursor = (row: 0, column: 0)

    func place(_ shown: String, width: Int) {
      if column + width > columns {
        lines.append(Row(isWrapped: true))
        column = 0
      }
      lines[lines.count - 1].text += shown
      column += width
    }
    func startLine(_ prompt: String) {
      // A prompt has no control characters but escape sequences that colour it.
      lines[lines.count - 1].text = prompt
      column = DisplayWidth.of(prompt)
    }
    /// The place of what comes next: behind a full row it is the start of another.
    func settle() {
      guard column >= columns else { return }
      lines.append(Row(isWrapped: true))
      column = 0
    }

    startLine(prompt)
    for (index, character) in buffer.characters.enumerated() {
      let shown = Self.shown(character)
      let width = DisplayWidth.of(shown)
      if index == buffer.cursor {
        if character == "\n" { settle() }
        // A character that does not fit takes the cursor with it to the next row.
        let fits = character == "\n" || column + width <= columns
        cursor = fits ? (lines.count - 1, column) : (lines.count, 0)
      }
      if character == "\n" {
        settle()
        lines.append(Row())
        startLine(continuation)
      } else {
        place(shown, width: width)
      }
    }
    settle()
    if buffer.cursor == buffer.characters.count { cursor = (lines.count - 1, column) }

    // The window: all of the text when it fits, else the rows that end with the cursor's.
    let first = lines.count <= rows ? 0 : min(max(0, cursor.row - rows + 1), lines.count - rows)
    let shown = lines[first..<min(lines.count, first + rows)]
    var drawing = ""
    for (index, row) in zip(shown.indices, shown) {
      // A full row goes on by itself, unless nothing follows that would make the terminal wrap.
      if index > first, !row.isWrapped || row.text.isEmpty { drawing += "\r\n" }
      drawing += row.text
    }
    let extra = below.prefix(max(0, rows - shown.count))
    for line in extra { drawing += "\r\n" + DisplayWidth.truncate(Self.shown(line), to: columns - 1) }
    cursorRow = cursor.row - first
    let up = shown.count - 1 - cursorRow + extra.count
    drawing += "\r"
    if up > 0 { drawing += "\u{1b}[\(up)A" }
    if cursor.column > 0 { drawing += "\u{1b}[\(cursor.column)C" }
    self.drawing = drawing
  }

  /// The text with its control characters made visible. A tab is four blanks, as a real stop would depend on the prompt.
  static func shown(_ text: String) -> String { text.map(shown).joined() }

  private static func shown(_ character: Character) -> String {
    guard let ascii = character.asciiValue, ascii < 0x20 || ascii == 0x7F else { return String(character) }
    return ascii == 0x09 ? "    " : "^" + String(UnicodeScalar(ascii ^ 0x40))
  }
}
