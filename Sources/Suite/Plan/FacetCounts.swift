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

  /// The choices that are in any job, by their facets, in the order in which facets and choices first come in the suite.
  public var rows: [Row] {
    var rows: [[Row]] = []
    var places: [String: Int] = [:]
    for number in files.indices where matrix[number] > 0 {
      let segments = files[number].split(separator: "/", omittingEmptySubsequences: false)
      let folder = segments.count > 1 ? segments.dropLast().joined(separator: "/") : "."
      let name = segments.last.map(String.init) ?? ""
      let choice = name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
      let row = Row(facet: folder, choice: choice, matrix: matrix[number], plan: plan[number])
      if let place = places[folder] {
        rows[place].append(row)
      } else {
        places[folder] = rows.count
        rows.append([row])
      }
    }
    return rows.flatMap { $0 }
  }
}
