import TerminalText

/// What could stand before the cursor.
public struct Completion: Sendable, Equatable {
  public struct Candidate: Sendable, Equatable {
    public let text: String
    /// What follows it when it is the only one: " = ", "(".
    public let suffix: String
    /// What is listed; the text by default.
    public let shown: String

    public init(_ text: String, suffix: String = "", shown: String? = nil) {
      self.text = text
      self.suffix = suffix
      self.shown = shown ?? text
    }
  }

  /// How many characters before the cursor a candidate replaces.
  public let replaced: Int
  public let candidates: [Candidate]

  public init(replaced: Int, candidates: [Candidate]) {
    self.replaced = replaced
    self.candidates = candidates
  }

  /// The longest text that all begin with; nil when there are none.
  var common: String? {
    guard var prefix = candidates.first.map({ Array($0.text) }) else { return nil }
    for candidate in candidates.dropFirst() {
      let same = zip(prefix, candidate.text).prefix { $0 == $1 }.count
      prefix.removeSubrange(same...)
    }
    return String(prefix)
  }

  /// The candidates as a list of columns, each sorted downwards, as `ls` has it.
  func columns(of width: Int) -> [String] {
    let names = candidates.map { Layout.shown($0.shown) }
    let widths = names.map { DisplayWidth.of($0) }
    let cell = (widths.max() ?? 0) + 2
    // The last column needs no gap behind it, and the last one of the terminal stays free.
    let columns = max(1, (width + 1) / cell)
    let rows = (names.count + columns - 1) / columns
    return (0..<rows).map { row in
      var line = ""
      for index in stride(from: row, to: names.count, by: rows) {
        line += names[index] + String(repeating: " ", count: cell - widths[index])
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
