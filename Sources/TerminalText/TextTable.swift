/// Rows of texts in columns, each as wide as its widest text.
public struct TextTable: Sendable {
  public enum Alignment: String, Sendable, CaseIterable { case left, right, center }

  private let rows: [[String]]
  private let alignments: [Alignment]

  /// - Parameters:
  ///   - rows: all of the same length. What would break a line becomes a space.
  ///   - alignments: one for each column.
  public init(rows: [[String]], alignments: [Alignment]) {
    self.rows = rows.map { row in row.map { String($0.map { $0.isNewline || $0 == "\t" ? " " : $0 }) } }
    self.alignments = alignments
  }

  /// The lines, two spaces between columns and none at an end.
  /// - Parameter limit: the widest columns are cut until a line has no more columns than that; nil cuts nothing.
  public func lines(within limit: Int?) -> [String] {
    var widths = alignments.indices.map { column in rows.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    if let limit {
      let gaps = 2 * max(0, widths.count - 1)
      // A column is not cut below four: what is left would say nothing.
      while widths.reduce(gaps, +) > limit, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
        widths[widest] > 4
      {
        widths[widest] -= 1
      }
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let text = DisplayWidth.truncate(cell, to: widths[column])
        let room = widths[column] - DisplayWidth.of(text)
        let before =
          switch alignments[column] {
          case .left: 0
          case .right: room
          case .center: room / 2
          }
        line += spaces(before) + text + (column < row.count - 1 ? spaces(room - before + 2) : "")
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
