/// What can be said of a script by its first statement.
enum FirstStatement {
  /// Whether it rejects before it does anything else: its first words are `reject(...)`, or `return` with something that is
  /// false for Python. Comments and `if true then` in front do not count.
  static func rejectsAtOnce(_ script: String) -> Bool {
    var words = Words(script)
    var word = words.next()
    while word == "do" || word == ";" { word = words.next() }
    if word == "if" {
      guard words.next() == "true", words.next() == "then" else { return false }
      word = words.next()
    }
    if word == "reject" {
      let next = words.next()
      return next == "(" || next == "\"" || next == "'" || next == "{"
    }
    guard word == "return" else { return false }
    let value = words.next()
    let end = words.next()
    let isEnd = end == nil || end == ";" || end == "end"
    return switch value {
    case nil, ";", "end": true
    case "false", "nil", "0": isEnd
    default: false
    }
  }

  /// Names, numbers and single characters of a script, without blanks and comments.
  private struct Words {
    private var rest: Substring.UTF8View

    init(_ script: String) { rest = Substring(script).utf8 }

    mutating func next() -> String? {
      skip()
      guard let first = rest.first else { return nil }
      let length = Self.isWord(first) ? rest.prefix(while: Self.isWord).count : 1
      defer { rest = rest.dropFirst(length) }
      return String(Substring(rest.prefix(length)))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: byte >= 0x80
      }
    }

    private mutating func skip() {
      while let first = rest.first {
        if first <= UInt8(ascii: " ") {
          rest = rest.dropFirst()
        } else if rest.starts(with: "--".utf8) {
          // A long comment is left to be a word that is none of ours.
          if rest.starts(with: "--[".utf8) { return }
          rest = rest.drop { $0 != UInt8(ascii: "\n") }
        } else {
          return
        }
      }
    }
  }
}
