/// How many jobs each choice of each facet is in: what a plan is as a table.
///
/// A facet is a folder of fragments, a choice one of its files.
public struct FacetCounts: Sendable {
  /// A line of the table.
  public struct Row: Sendable, Equatable {
    /// The folder, below the suite's; "." for the suite's own.
    public let facet: String
    /// The file without ".yaml".
    public let choice: String
    /// In how many jobs of the matrix it is.
    public var matrix: Int
    /// In how many jobs of the plan it is; a job that has it and drops it in its premerge counts.
    public var plan: Int

    /// A line; see the properties.
    public init(facet: String, choice: String, matrix: Int, plan: Int) {
      self.facet = facet
      self.choice = choice
      self.matrix = matrix
      self.plan = plan
    }
  }

  private let files: [String]
  private var matrix: [Int]
  private var plan: [Int]

  /// - Parameter files: the paths of all fragments below the suite's folder.
  public init(files: [String]) {
    self.files = files
    matrix = Array(repeating: 0, count: files.count)
    plan = matrix
  }

  /// Counts a job.
  /// - Parameter isKept: whether the plan has it.
  public mutating func count(_ job: MatrixJob, isKept: Bool) {
    for fragment in job.fragments {
      matrix[Int(fragment)] += 1
      if isKept { plan[Int(fragment)] += 1 }
    }
  }

  /// The choices that are in any job, by their facets, in the order of the suite.
  public var rows: [Row] {
    files.indices.filter { matrix[$0] > 0 }.map { number in
      let segments = files[number].split(separator: "/", omittingEmptySubsequences: false)
      let folder = segments.dropLast().joined(separator: "/")
      let name = segments.last.map(String.init) ?? ""
      return Row(
        facet: folder.isEmpty ? "." : folder, choice: name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name,
        matrix: matrix[number], plan: plan[number])
    }
  }
}
