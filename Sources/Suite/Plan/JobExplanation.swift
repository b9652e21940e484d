/// How a job came to be what it is, for a person to read.
public struct JobExplanation {
  private let description: String
  private let steps: [MergeTrace.Step]
  private let verdict: String
  private let folder: String

  /// Explains the job that a merge did last.
  /// - Parameters:
  ///   - trace: the merge's, which was on during the job.
  ///   - outcome: what became of the job.
  ///   - folder: the suite's, which paths are relative to.
  public init(
    _ merge: FragmentMerge, _ trace: MergeTrace, _ outcome: Result<JobOutcome, any Error>, folder: String
  ) {
    description = merge.description
    steps = trace.steps
    self.folder = folder
    switch outcome {
    case .success(.merged): verdict = "in the plan"
    case .success(.rejected):
      verdict = "not in the plan: " + (merge.rejection.map { Self.text($0, folder) } ?? "rejected")
    case .failure(let failure as JobFailure):
      verdict = "an error, with which the plan ends: " + Self.shortened(failure.error.description, folder)
    case .failure(let error): verdict = "an error, with which the plan ends: \(error)"
    }
  }

  /// The job's description, what became of it, then its fragments in order and what each did.
  public var text: String {
    var text = "\(description)\n  \(verdict)\n"
    for step in steps {
      let path = Self.shortened(step.path, folder)
      switch step.result {
      case .empty: text += "  . \(path): says nothing\n"
      case .dropped(let rejection): text += "  - \(path): dropped by \(Self.text(rejection, folder, of: step.path))\n"
      case .merged(let changes):
        text += "  + \(path)\(changes.isEmpty ? ": changes nothing" : "")\n"
        for change in changes { text += "      \(change)\n" }
      }
    }
    return text
  }

  private static func text(_ rejection: Rejection, _ folder: String, of path: String? = nil) -> String {
    if rejection.isFilter { return rejection.reason ?? "a filter" }
    var place = "a \(rejection.stage.rawValue) script"
    if let fragment = rejection.fragment, fragment != path || rejection.fileLine == nil {
      place = "the \(rejection.stage.rawValue) script of \(shortened(fragment, folder))"
    } else if rejection.fragment != nil {
      place = "its \(rejection.stage.rawValue) script"
    }
    if let line = rejection.fileLine {
      place += ", line \(line)"
    } else if let line = rejection.line {
      place += ", line \(line) of the script"
    }
    let why = [rejection.reason, rejection.source.map { "`\($0)`" }].compactMap { $0 }.joined(separator: ": ")
    return why.isEmpty ? place : "\(place): \(why)"
  }

  private static func shortened(_ text: String, _ folder: String) -> String {
    text.utf8.starts(with: (folder + "/").utf8) ? String(text.utf8.dropFirst(folder.utf8.count + 1)) ?? text : text
  }
}
