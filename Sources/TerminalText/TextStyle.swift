/// How a text looks on a terminal: words such as "bold red".
public struct TextStyle: Sendable, Equatable {
  private let codes: [Int]

  init(codes: [Int]) { self.codes = codes }

  /// - Returns: nil, with the first word that is none, when a word is unknown.
  public static func parse(_ words: String) -> (style: TextStyle?, unknown: String?) {
    var codes: [Int] = []
    for word in words.split(separator: " ") {
      guard let code = Self.codes[String(word)] else { return (nil, String(word)) }
      codes.append(code)
    }
    return (TextStyle(codes: codes), nil)
  }

  /// The text between the control sequences that switch the style on and off (ECMA-48, 8.3.117).
  public func apply(to text: String) -> String {
    codes.isEmpty || text.isEmpty
      ? text : "\u{1b}[\(codes.map(String.init).joined(separator: ";"))m\(text)\u{1b}[0m"
  }

  /// Every word that a style knows.
  public static var words: [String] { codes.keys.sorted() }

  private static let codes: [String: Int] = {
    var codes = [
      "bold": 1, "dim": 2, "italic": 3, "underline": 4, "inverse": 7, "strike": 9, "gray": 90, "grey": 90,
    ]
    for (number, color) in ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].enumerated() {
      codes[color] = 30 + number
      codes["on_" + color] = 40 + number
      codes["bright_" + color] = 90 + number
    }
    return codes
  }()
}
