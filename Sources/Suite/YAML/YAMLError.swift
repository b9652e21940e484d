/// Why a YAML text could not be read, and where.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name the text was read under, usually a path.
  public let file: String
  /// The line, counted from 1.
  public let line: Int
  /// The column in characters, counted from 1.
  public let column: Int
  /// What is wrong.
  public let problem: String
  /// The text of the line, without its end.
  public let sourceLine: String

  init(file: String, text: String, line: Int, column: Int, problem: String) {
    self.file = file
    self.line = line
    self.column = column
    self.problem = problem
    sourceLine = Self.line(line, of: text)
  }

  /// `FILE:LINE:COLUMN: PROBLEM`, then the line and a mark under the column.
  public var description: String {
    let head = "\(file):\(line):\(column): \(problem)"
    guard !sourceLine.isEmpty else { return head }
    // Tabs are kept, so that the mark stands under its place whatever their width.
    let indent = sourceLine.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
    return "\(head)\n  \(sourceLine)\n  \(indent)^"
  }

  private static func line(_ number: Int, of text: String) -> String {
    // By scalars: as a Character, "\r\n" would not be found by its "\n".
    let lines = text.unicodeScalars.split(
      maxSplits: number, omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" })
    guard number >= 1, number <= lines.count else { return "" }
    var line = lines[number - 1]
    if line.last == "\r" { line.removeLast() }
    return String(String.UnicodeScalarView(line))
  }
}
