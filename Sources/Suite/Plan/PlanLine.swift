/// A job of a plan as a line of JSON: `{"description":"...","fragments":["..."],"job":{...}}`.
public struct PlanLine {
  /// For each fragment its path below the suite's folder as JSON.
  private let files: [[UInt8]]
  private var bytes: [UInt8] = []

  /// - Parameter matrix: whose jobs are to be written.
  public init(_ matrix: SuiteMatrix) {
    files = matrix.relativeFiles.map { Array(YAMLValue.string($0).json().utf8) }
  }

  /// Begins the line of a job: its description and its fragments, without what is in it.
  public mutating func begin(_ job: MatrixJob, description: String) {
    bytes.removeAll(keepingCapacity: true)
    bytes += #"{"description":"#.utf8
    bytes += YAMLValue.string(description).json().utf8
    bytes += #","fragments":["#.utf8
    for (place, fragment) in job.fragments.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += files[Int(fragment)]
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// Adds what the job is.
  /// - Parameter json: its JSON.
  public mutating func add(job json: some Sequence<UInt8>) {
    bytes += #","job":"#.utf8
    bytes += json
  }

  /// Ends the line.
  /// - Returns: the line, without a line break.
  public mutating func end() -> [UInt8] {
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}

extension SuiteMatrix {
  /// The paths of all fragments below the suite's folder; "." for a suite that is a file.
  public var relativeFiles: [String] {
    files.map { file in
      file.utf8.count > folder.utf8.count ? String(file.dropFirst(folder.count + 1)) : "."
    }
  }
}
