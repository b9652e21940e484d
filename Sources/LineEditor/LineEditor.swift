/// A line editor as a state machine: keys in, text and drawing out. It knows no terminal, no file and no language.
///
/// ```swift
/// var decoder = KeyDecoder()
/// var editor = LineEditor(history: ["print(1)"])
/// for key in decoder.decode(bytes) {
///   if case .enter = editor.press(key) { return editor.buffer.text }
/// }
/// terminal.write(editor.layout(columns: 80, rows: 24).drawing)
/// ```
public struct LineEditor: Sendable {
  /// What a key asks of whoever owns the editor.
  public enum Action: Sendable, Equatable {
    /// Nothing but to draw it anew.
    case draw
    /// The text is to be taken, or ``newLine()`` to be called when more has to come.
    case enter
    /// ``offer(_:columns:)`` is to be called.
    case complete
    /// Control-C.
    case interrupt
    /// Control-D in an empty text.
    case end
    /// Control-Z.
    case suspend
    /// Control-L.
    case clearScreen
    /// The key does nothing here.
    case bell
  }

  public internal(set) var buffer = LineBuffer()
  public var prompt = "> "
  public var continuation = ">> "
  /// What is shown below the text until the next key.
  public internal(set) var below: [String] = []

  /// Earlier entries, the oldest first.
  let history: [String]
  /// Which entry is shown; `history.count` is the one that is being written.
  var entry: Int
  /// The entries that were looked at, as they have been changed.
  var edited: [Int: LineBuffer] = [:]
  var search: Search?
  var searched = ""
  private var killed = ""
  private var continuesKill = false
  private var undo: [LineBuffer] = []
  private var isTyping = false

  /// - Parameter history: Earlier entries, the oldest first.
  public init(history: [String] = []) {
    self.history = history
    entry = history.count
  }

  /// Does what a key means.
  public mutating func press(_ key: Key) -> Action {
    below = []
    if search != nil, let action = pressInSearch(key) { return action }
    let before = buffer
    let wasKill = continuesKill
    continuesKill = false
    let action = act(on: key, afterKill: wasKill)
    if key != .control("_"), before.characters != buffer.characters { remember(before, of: key) }
    return action
  }

  private mutating func act(on key: Key, afterKill: Bool) -> Action {
    switch key {
    case .text(let text), .paste(let text): buffer.insert(text)
    case .enter: return .enter
    case .newLine: newLine()
    case .tab: return .complete
    case .backTab, .unknown: return .bell
    case .backspace: return remove(buffer.cursor - 1..<buffer.cursor)
    case .delete: return remove(buffer.cursor..<buffer.cursor + 1)
    case .left: return move(to: buffer.cursor - 1)
    case .right: return move(to: buffer.cursor + 1)
    case .home: buffer.move(to: buffer.lineStart)
    case .end: buffer.move(to: buffer.lineEnd)
    case .wordLeft: buffer.move(to: buffer.wordStart)
    case .wordRight: buffer.move(to: buffer.wordEnd)
    case .up: return buffer.moveLine(-1) ? .draw : recall(entry - 1)
    case .down: return buffer.moveLine(1) ? .draw : recall(entry + 1)
    case .pageUp: return recall(entry - 1)
    case .pageDown: return recall(entry + 1)
    case .deleteWordBack: kill(buffer.wordStart..<buffer.cursor, forward: false, joined: afterKill)
    case .deleteWord: kill(buffer.cursor..<buffer.wordEnd, forward: true, joined: afterKill)
    case .control(let letter): return control(letter, afterKill)
    case .meta(let letter): return meta(letter, afterKill)
    }
    return .draw
  }

  private mutating func control(_ letter: Character, _ afterKill: Bool) -> Action {
    switch letter {
    case "a": return act(on: .home, afterKill: false)
    case "e": return act(on: .end, afterKill: false)
    case "b": return act(on: .left, afterKill: false)
    case "f": return act(on: .right, afterKill: false)
    case "p": return act(on: .up, afterKill: false)
    case "n": return act(on: .down, afterKill: false)
    case "c": return .interrupt
    case "d": return buffer.isEmpty ? .end : act(on: .delete, afterKill: false)
    case "g": return .bell
    case "k":
      // At the end of a line what joins it to the next goes.
      let end = buffer.lineEnd == buffer.cursor ? buffer.cursor + 1 : buffer.lineEnd
      kill(buffer.cursor..<min(end, buffer.characters.count), forward: true, joined: afterKill)
    case "u":
      let start = buffer.lineStart == buffer.cursor ? buffer.cursor - 1 : buffer.lineStart
      kill(max(0, start)..<buffer.cursor, forward: false, joined: afterKill)
    case "w": kill(buffer.blankStart..<buffer.cursor, forward: false, joined: afterKill)
    case "y":
      guard !killed.isEmpty else { return .bell }
      buffer.insert(killed)
    case "t": return buffer.transpose() ? .draw : .bell
    case "l": return .clearScreen
    case "r": beginSearch()
    case "z": return .suspend
    case "_":
      guard let last = undo.popLast() else { return .bell }
      buffer = last
      isTyping = false
    default: return .bell
    }
    return .draw
  }

  private mutating func meta(_ letter: Character, _ afterKill: Bool) -> Action {
    switch letter {
    case "b", "B": return act(on: .wordLeft, afterKill: false)
    case "f", "F": return act(on: .wordRight, afterKill: false)
    case "d", "D": return act(on: .deleteWord, afterKill: afterKill)
    case "u": buffer.changeWord { $0.uppercased() }
    case "l": buffer.changeWord { $0.lowercased() }
    case "c": buffer.changeWord { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
    case "<": return recall(0)
    case ">": return recall(history.count)
    default: return .bell
    }
    return .draw
  }

  /// Breaks the line at the cursor.
  public mutating func newLine() { buffer.insert("\n") }

  /// An editor for the next text, which still has what was killed.
  /// - Parameter history: Earlier entries, the oldest first.
  public func next(history: [String]) -> LineEditor {
    var editor = LineEditor(history: history)
    editor.prompt = prompt
    editor.continuation = continuation
    editor.killed = killed
    return editor
  }

  /// What to send to a terminal of that size.
  public func layout(columns: Int, rows: Int) -> Layout {
    Layout(
      buffer, prompt: search.map { searchPrompt($0) } ?? prompt, continuation: continuation, below: below,
      columns: columns, rows: rows)
  }

  /// What to leave on the terminal when the text has been taken: the cursor behind it, and nothing below.
  public func finalLayout(columns: Int, rows: Int) -> Layout {
    var buffer = buffer
    buffer.move(to: buffer.characters.count)
    return Layout(buffer, prompt: prompt, continuation: continuation, columns: columns, rows: rows)
  }

  // MARK: Moving and removing

  private mutating func move(to place: Int) -> Action {
    guard (0...buffer.characters.count).contains(place) else { return .bell }
    buffer.move(to: place)
    return .draw
  }

  private mutating func remove(_ range: Range<Int>) -> Action {
    guard range.lowerBound >= 0, range.upperBound <= buffer.characters.count else { return .bell }
    buffer.remove(range)
    return .draw
  }

  /// What is killed by keys that follow each other is one text.
  private mutating func kill(_ range: Range<Int>, forward: Bool, joined: Bool) {
    continuesKill = true
    let text = buffer.remove(range)
    // What was killed before stays when there is nothing to kill.
    guard !text.isEmpty else { return }
    killed = !joined ? text : forward ? killed + text : text + killed
  }

  /// Letters that are typed one after the other are undone together.
  private mutating func remember(_ before: LineBuffer, of key: Key) {
    var types = false
    if case .text(let text) = key { types = text != " " }
    if !(types && isTyping) { undo.append(before) }
    if undo.count > 200 { undo.removeFirst() }
    isTyping = types
  }

  // MARK: History

  mutating func recall(_ index: Int) -> Action {
    guard (0...history.count).contains(index), index != entry else { return .bell }
    edited[entry] = buffer
    buffer = edited[index] ?? LineBuffer(index < history.count ? history[index] : "")
    buffer.move(to: buffer.characters.count)
    entry = index
    return .draw
  }

  // MARK: Completion

  /// Takes the candidates for what stands before the cursor: puts in what they have in common, and lists them when that
  /// is nothing more than there is.
  /// - Parameter completion: nil when there are none.
  /// - Returns: `.draw`, or `.bell` when nothing could be done.
  public mutating func offer(_ completion: Completion?, columns: Int = 80) -> Action {
    guard let completion, let common = completion.common else { return .bell }
    let range = max(0, buffer.cursor - completion.replaced)..<buffer.cursor
    if completion.candidates.count == 1, let only = completion.candidates.first {
      let before = buffer
      buffer.replace(range, with: only.text + only.suffix)
      remember(before, of: .tab)
      return .draw
    }
    let before = buffer
    if common != String(buffer.characters[range]) {
      buffer.replace(range, with: common)
      remember(before, of: .tab)
      return .draw
    }
    below = completion.columns(of: columns)
    return .draw
  }
}
