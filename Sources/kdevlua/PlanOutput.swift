import Glibc
import Suite

/// Writes a plan to standard output, job by job.
struct PlanOutput: ~Copyable {
  private let format: SuitePlan.Format
  private let suite: String?
  private let files: [String]
  private var output = LineOutput()
  private var facets: FacetCounts
  /// How many jobs the matrix gave, and how many of them are in the plan.
  private(set) var counts = (matrix: 0, plan: 0)

  init(_ format: SuitePlan.Format, _ matrix: SuiteMatrix, suite: String?) {
    self.format = format
    self.suite = suite
    files = matrix.relativeFiles
    facets = FacetCounts(files: files)
  }

  /// Notes a job that the plan does not have.
  mutating func drop(_ job: MatrixJob) {
    counts.matrix += 1
    if format == .table { facets.count(job, isKept: false) }
  }

  /// Writes a job of which only the fragments are known.
  mutating func add(_ job: MatrixJob) {
    switch format {
    case .json:
      let line = YAMLValue.mapping(head(job)).json() + "\n"
      output.write(line)
    case .yaml: output.write("---\n" + YAMLValue.mapping(head(job)).yaml)
    case .table, .names: break
    }
    note(job)
  }

  /// Writes a job.
  /// - Parameter text: the whole job in the format, when the format is JSON or YAML.
  mutating func add(_ job: MatrixJob, text: ArraySlice<UInt8>) {
    output.write(bytes: text)
    note(job)
  }

  private mutating func note(_ job: MatrixJob) {
    counts.matrix += 1
    counts.plan += 1
    switch format {
    case .table: facets.count(job, isKept: true)
    case .names: output.write(job.description(suite: suite) + "\n")
    case .json, .yaml: break
    }
  }

  private func head(_ job: MatrixJob) -> YAMLMapping {
    [
      "description": .string(job.description(suite: suite)),
      "fragments": .sequence(job.fragments.map { .string(files[Int($0)]) }),
    ]
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
      output.write(Table.text(rows, right: 2))
    }
    output.flush()
  }

  /// Writes what is waiting to be written.
  mutating func flush() { output.flush() }
}
