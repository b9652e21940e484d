/// A text of one or more lines with a cursor between two of its characters.
public struct LineBuffer: Sendable, Equatable {
  public private(set) var characters: [Character] = []
  /// How many characters stand before the cursor.
  public private(set) var cursor = 0

  public init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  public var text: String { String(characters) }
  /// What stands before the cursor.
  public var textBefore: String { String(characters[..<cursor]) }
  public var isEmpty: Bool { characters.isEmpty }

  /// Puts text before the cursor.
  mutating func insert(_ text: String) {
    guard !text.isEmpty else { return }
    // Joined as one text, so that an accent that comes by itself is part of the letter before it.
    let before = Array(String(characters[..<cursor]) + text)
    let after = characters[cursor...]
    characters = before + after
    cursor = before.count
  }

  mutating func move(to place: Int) { cursor = min(max(0, place), characters.count) }

  /// Removes the characters in the range; the cursor goes to where they were.
  @discardableResult mutating func remove(_ range: Range<Int>) -> String {
    let range = range.clamped(to: 0..<characters.count)
    let removed = String(characters[range])
    characters.removeSubrange(range)
    cursor = range.lowerBound
    return removed
  }

  /// Replaces the characters in the range; the cursor stands behind them.
  mutating func replace(_ range: Range<Int>, with text: String) {
    remove(range)
    insert(text)
  }

  // MARK: Places

  /// The first place of the line that the cursor is in.
  var lineStart: Int { (characters[..<cursor].lastIndex(of: "\n") ?? -1) + 1 }
  /// The place at the end of the line that the cursor is in.
  var lineEnd: Int { characters[cursor...].firstIndex(of: "\n") ?? characters.count }
  var isInFirstLine: Bool { lineStart == 0 }
  var isInLastLine: Bool { lineEnd == characters.count }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

  /// Where the word before the cursor begins.
  var wordStart: Int {
    var place = cursor
    while place > 0, !Self.isWord(characters[place - 1]) { place -= 1 }
    while place > 0, Self.isWord(characters[place - 1]) { place -= 1 }
    return place
  }

  /// Where the word behind the cursor ends.
  var wordEnd: Int {
    var place = cursor
    while place < characters.count, !Self.isWord(characters[place]) { place += 1 }
    while place < characters.count, Self.isWord(characters[place]) { place += 1 }
    return place
  }

  /// Where what stands between blanks before the cursor begins.
  var blankStart: Int {
    var place = cursor
    while place > 0, characters[place - 1].isWhitespace { place -= 1 }
    while place > 0, !characters[place - 1].isWhitespace { place -= 1 }
    return place
  }

  /// Moves to the line above or below, to the same column as far as it has one. False when there is none.
  mutating func moveLine(_ by: Int) -> Bool {
    let column = cursor - lineStart
    if by < 0 {
      guard !isInFirstLine else { return false }
      let end = lineStart - 1
      let start = (characters[..<end].lastIndex(of: "\n") ?? -1) + 1
      cursor = min(start + column, end)
    } else {
      guard !isInLastLine else { return false }
      let start = lineEnd + 1
      let end = characters[start...].firstIndex(of: "\n") ?? characters.count
      cursor = min(start + column, end)
    }
    return true
  }

  /// Swaps the characters around the cursor, or at the end the last two. False when there are not two.
  mutating func transpose() -> Bool {
    guard cursor > lineStart, lineEnd - lineStart >= 2 else { return false }
    let second = cursor == lineEnd ? cursor - 1 : cursor
    characters.swapAt(second - 1, second)
    cursor = second + 1
    return true
  }

  /// Changes the word behind the cursor, and moves behind it.
  mutating func changeWord(_ change: (String) -> String) {
    var start = cursor
    while start < characters.count, !Self.isWord(characters[start]) { start += 1 }
    let end = wordEnd
    guard start < end else { return }
    replace(start..<end, with: change(String(characters[start..<end])))
  }
}
