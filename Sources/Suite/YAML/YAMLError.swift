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
    // By scalars: as a Character, "\r\n" would not be found by its "\n".
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    self.file = file
    self.problem = problem
    if line >= lines.count, let last = lines.lastIndex(where: { !$0.isEmpty }), last < line - 1 {
      // What is missing at the end is shown behind the last thing that is there.
      self.line = last + 1
      self.column = lines[last].count + 1
    } else {
      self.line = line
      self.column = column
    }
    var source = self.line <= lines.count ? lines[self.line - 1] : text.unicodeScalars[...].suffix(0)
    if source.last == "\r" { source.removeLast() }
    sourceLine = String(String.UnicodeScalarView(source))
  }

  /// `FILE:LINE:COLUMN: PROBLEM`, then the line and a mark under the column.
  public var description: String {
    let head = "\(file):\(line):\(column): \(problem)"
    guard !sourceLine.isEmpty else { return head }
    // Tabs are kept, so that the mark stands under its place whatever their width.
    let indent = sourceLine.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
    return "\(head)\n  \(sourceLine)\n  \(indent)^"
  }
}
