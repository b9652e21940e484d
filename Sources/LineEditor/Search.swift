/// Control-R: a search for an entry of the history while its words are typed.
struct Search: Sendable {
  var pattern = ""
  /// The entry that has it.
  var found: Int?
  var hasFailed = false
  /// What stood there when the search began.
  let before: LineBuffer
  let entryBefore: Int
}

extension LineEditor {
  mutating func beginSearch() { search = Search(before: buffer, entryBefore: entry) }

  func searchPrompt(_ search: Search) -> String {
    "(\(search.hasFailed ? "failed " : "")reverse-i-search)`\(Layout.shown(search.pattern))': "
  }

  /// - Returns: nil when the key ends the search and means what it means elsewhere.
  mutating func pressInSearch(_ key: Key) -> Action? {
    guard var current = search else { return nil }
    switch key {
    case .text(let text):
      current.pattern += text
      look(from: current.found ?? history.count - 1, &current)
    case .paste(let text):
      current.pattern += text.prefix { $0 != "\n" }
      look(from: current.found ?? history.count - 1, &current)
    case .backspace:
      guard !current.pattern.isEmpty else { return .bell }
      current.pattern.removeLast()
      look(from: history.count - 1, &current)
    case .control("r"):
      if current.pattern.isEmpty { current.pattern = searched }
      look(from: (current.found ?? history.count) - 1, &current)
    case .control("g"), .control("c"):
      buffer = current.before
      entry = current.entryBefore
      search = nil
      return .draw
    default:
      if !current.pattern.isEmpty { searched = current.pattern }
      search = nil
      return nil
    }
    search = current
    return current.hasFailed ? .bell : .draw
  }

  /// Looks for the pattern in an entry and those before it.
  private mutating func look(from start: Int, _ search: inout Search) {
    guard !search.pattern.isEmpty else {
      (search.hasFailed, search.found, buffer) = (false, nil, search.before)
      return
    }
    for index in stride(from: min(start, history.count - 1), through: 0, by: -1) {
      guard let place = Self.place(of: search.pattern, in: history[index]) else { continue }
      (search.found, search.hasFailed) = (index, false)
      entry = index
      buffer = LineBuffer(history[index])
      buffer.move(to: place)
      return
    }
    search.hasFailed = true
  }

  private static func place(of pattern: String, in text: String) -> Int? {
    let pattern = Array(pattern)
    let text = Array(text)
    guard text.count >= pattern.count else { return nil }
    return (0...text.count - pattern.count).last { text[$0..<$0 + pattern.count].elementsEqual(pattern) }
  }
}
