import CHost

/// How many columns of a terminal a character takes.
public enum CharacterWidth {
  /// The columns of a tab inside the line; a real tab stop would depend on the prompt.
  static let tab = 4

  /// The columns of a character as ``Layout`` shows it.
  public static func of(_ character: Character) -> Int {
    if let ascii = character.asciiValue {
      if ascii == 0x09 { return tab }
      return ascii < 0x20 || ascii == 0x7F ? 2 : 1
    }
    var sum = 0
    for scalar in character.unicodeScalars { sum += max(0, Int(chost_columns(scalar.value))) }
    // Sequences that are joined into one picture are as wide as one.
    return min(2, sum)
  }

  /// The columns of a text without control characters.
  public static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }
}
