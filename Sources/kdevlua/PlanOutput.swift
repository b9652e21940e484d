import Glibc
import Suite

/// Writes a plan to standard output, job by job.
struct PlanOutput: ~Copyable {
  private let format: SuitePlan.Format
  private let suite: String?
  private var output = LineOutput()
  private var lines: PlanLine
  private var facets: FacetCounts
  /// How many jobs the matrix gave, and how many of them are in the plan.
  private(set) var counts = (matrix: 0, plan: 0)

  init(_ format: SuitePlan.Format, _ matrix: SuiteMatrix, suite: String?) {
    self.format = format
    self.suite = suite
    lines = PlanLine(matrix)
    facets = FacetCounts(files: matrix.relativeFiles)
  }

  /// Whether the jobs' contents are looked at.
  var needsContents: Bool { format == .json || format == .yaml }

  /// Notes a job that the plan does not have.
  mutating func drop(_ job: MatrixJob) {
    counts.matrix += 1
    if format == .table { facets.count(job, isKept: false) }
  }

  /// Writes a job.
  /// - Parameters:
  ///   - json: its contents; nil when nothing was merged.
  ///   - yaml: the same as a value, when the format is yaml.
  mutating func add(
    _ job: MatrixJob, json: UnsafeBufferPointer<UInt8>? = nil, yaml: YAMLValue? = nil, files: [String] = []
  ) {
    counts.matrix += 1
    counts.plan += 1
    switch format {
    case .table: facets.count(job, isKept: true)
    case .names: output.write(job.description(suite: suite).utf8)
    case .json:
      lines.begin(job, description: job.description(suite: suite))
      if let json { lines.add(job: json) }
      output.write(lines.end())
    case .yaml:
      var document: YAMLMapping = [
        "description": .string(job.description(suite: suite)),
        "fragments": .sequence(job.fragments.map { .string(files[Int($0)]) }),
      ]
      if let yaml { document["job"] = yaml }
      output.write("---".utf8)
      output.write(YAMLValue.mapping(document).yaml.utf8.dropLast())
    }
  }

  /// Writes what is left: everything, for a table.
  mutating func finish() {
    if format == .table {
      var rows = [["FACET", "CHOICE", "MATRIX", "PLAN"]]
      var last: String?
      for row in facets.rows {
        rows.append([row.facet == last ? "" : row.facet, row.choice, "\(row.matrix)", "\(row.plan)"])
        last = row.facet
      }
      output.write(Table.text(rows, right: 2).utf8.dropLast())
    }
    output.flush()
  }
}
