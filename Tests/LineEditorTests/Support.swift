import LineEditor
import TerminalText

/// An editor, its decoder, and a terminal that understands what a layout draws with.
struct Typist {
  var decoder = KeyDecoder()
  var editor: LineEditor
  /// What the keys asked for, `.draw` left out.
  var actions: [LineEditor.Action] = []

  init(history: [String] = [], text: String = "") {
    editor = LineEditor(history: history)
    type(text)
    actions = []
  }

  /// Types bytes as a terminal sends them.
  mutating func type(_ text: String) {
    for key in decoder.decode(text.utf8) {
      let action = editor.press(key)
      if action != .draw { actions.append(action) }
    }
  }

  /// The text, with `|` where the cursor is.
  var shown: String {
    let text = editor.buffer.text
    let before = editor.buffer.textBefore
    return before + "|" + text.dropFirst(before.count)
  }
}

/// As much of a terminal as a layout needs: text, line feeds, moves and clearing. It wraps as xterm does: with the
/// character after the one in the last column.
struct FakeTerminal {
  let columns: Int
  var rows: [[String]] = [[]]
  var row = 0
  var column = 0

  init(columns: Int) { self.columns = columns }

  mutating func write(_ text: String) {
    var rest = Array(text)[...]
    while let character = rest.popFirst() {
      switch character {
      case "\r\n":
        (row, column) = (row + 1, 0)
      case "\r": column = 0
      case "\n": row += 1
      case "\u{1b}":
        _ = rest.popFirst()
        let number = rest.prefix { $0.isNumber }
        rest = rest.dropFirst(number.count)
        let count = Int(String(number)) ?? 1
        switch rest.popFirst() {
        case "A": row = max(0, row - count)
        case "C": column = min(columns - 1, column + count)
        case "J":
          rows = Array(rows.prefix(row + 1))
          if row < rows.count { rows[row] = Array(rows[row].prefix(column)) }
        default: break
        }
      default: put(character)
      }
    }
  }

  private mutating func put(_ character: Character) {
    let width = DisplayWidth.of(String(character))
    if column + width > columns { (row, column) = (row + 1, 0) }
    while rows.count <= row { rows.append([]) }
    while rows[row].count < column { rows[row].append(" ") }
    rows[row].replaceSubrange(column..<min(rows[row].count, column + width), with: [])
    rows[row].insert(String(character), at: column)
    // The second column of a wide character.
    for _ in 1..<max(1, width) { rows[row].insert("", at: column + 1) }
    column += width
  }

  var lines: [String] { rows.map { $0.joined() } }
}
