import Glibc

/// What the terminal of a stream is like.
public enum Terminal {
  public static let input = STDIN_FILENO
  public static let output = STDOUT_FILENO
  public static let error = STDERR_FILENO

  /// Whether the stream is a terminal.
  public static func isTerminal(_ stream: Int32) -> Bool { isatty(stream) == 1 }

  /// Its columns and rows; nil when it is no terminal, or one that does not say. 24 rows when it tells of columns alone.
  public static func size(of stream: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  /// Its columns; nil when it is no terminal, or one that does not say.
  public static func width(of stream: Int32) -> Int? { size(of: stream)?.columns }

  /// Whether `TERM` names a terminal that can move its cursor.
  static func movesCursor(_ environment: [String: String]) -> Bool {
    let name = environment["TERM"] ?? ""
    return !name.isEmpty && name != "dumb"
  }

  /// Whether text for the stream is coloured: not with NO_COLOR (no-color.org); always with CLICOLOR_FORCE or FORCE_COLOR;
  /// else when it is a terminal, unless TERM is "dumb" or unset, or CLICOLOR is 0 (bixense.com/clicolors).
  public static func usesColor(_ stream: Int32, environment: [String: String]) -> Bool {
    usesColor(isTerminal: isTerminal(stream), environment: environment)
  }

  static func usesColor(isTerminal: Bool, environment: [String: String]) -> Bool {
    func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty && $0 != "0" } ?? false }
    if !(environment["NO_COLOR"] ?? "").isEmpty { return false }
    if isSet("CLICOLOR_FORCE") || isSet("FORCE_COLOR") { return true }
    return isTerminal && movesCursor(environment) && environment["CLICOLOR"] != "0"
  }
}
