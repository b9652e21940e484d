/// Argument vectors as text that a POSIX shell reads back as the same vector. Only for people to read and paste:
/// nothing here ever runs a shell.
public enum ShellText {
  /// One argument, quoted where a shell would otherwise change it.
  public static func quote(_ argument: String) -> String {
    guard !argument.isEmpty else { return "''" }
    if argument.utf8.allSatisfy(isPlain) { return argument }
    return "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }

  /// The vector on one line.
  public static func line(_ arguments: [String]) -> String {
    arguments.map(quote).joined(separator: " ")
  }

  /// The vector with one option and its values a line, continued with backslashes, as the workflow's document prints QEMU's.
  public static func lines(_ arguments: [String], indent: Int = 4) -> String {
    var rows: [String] = []
    for argument in arguments.map(quote) {
      if rows.isEmpty || argument.hasPrefix("-") {
        rows.append(argument)
      } else {
        rows[rows.count - 1] += " " + argument
      }
    }
    return rows.joined(separator: " \\\n" + String(repeating: " ", count: indent))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ":"),
      UInt8(ascii: ","),
      UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "%"):
      true
    default: false
    }
  }
}
