/// Why a merge could not be made. Rejecting a fragment or a configuration is a result, not an error.
public enum MergeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A fragment does not merge with what the ones before it made.
  case clash(DeepMergeError, fragment: String)
  /// A fragment, or the configuration as scripts left it, has something else than the merge needs at a place.
  case malformed(fragment: String, place: String, expected: String, found: String)
  /// A script failed.
  case script(ScriptFailure)
  /// A fragment's file cannot be read, or is no YAML.
  case unreadable(FragmentReadError)
  /// The job has no text: a script made it hold itself.
  case unwritable(ObjectTextError)

  public var description: String {
    switch self {
    case .clash(let error, let fragment): "\(fragment): \(error)"
    case .malformed(let fragment, let place, let expected, let found):
      "\(fragment): \(place) must be \(expected), not \(found)"
    case .script(let failure): failure.description
    case .unreadable(let error): error.description
    case .unwritable(let error): error.description
    }
  }
}

/// When a script runs.
public enum MergeStage: String, Sendable {
  /// Before its fragment is merged.
  case premerge
  /// When all fragments are merged.
  case postmerge
}

/// A script that raised an error, or could not be compiled.
public struct ScriptFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// When it ran.
  public var stage: MergeStage
  /// The path of the fragment it stands in. The merge fills it in when it is nil and the line tells it.
  public var fragment: String?
  /// The line of the script, counted from 1; of postmerge, a line of the joined script.
  public var line: Int?
  /// The line of the fragment's file, counted from 1. The merge fills it in for premerge scripts.
  public var fileLine: Int?
  /// What went wrong.
  public var message: String

  /// A failure as an evaluator knows it.
  public init(stage: MergeStage, fragment: String? = nil, line: Int? = nil, message: String) {
    self.stage = stage
    self.fragment = fragment
    self.line = line
    self.message = message
  }

  public var description: String {
    "\(place(stage: stage, fragment: fragment, line: line, fileLine: fileLine)): \(message)"
  }
}

/// A fragment or a whole configuration that a script rejected.
public struct Rejection: Sendable, Equatable, CustomStringConvertible {
  /// The stage of the script: premerge rejects its fragment, postmerge the whole.
  public var stage: MergeStage
  /// The path of the fragment whose script rejected; nil when a postmerge line cannot be told.
  public var fragment: String?
  /// The line of the script that called `reject`, counted from 1; of postmerge, a line of the joined script.
  public var line: Int?
  /// The text of that line.
  public var source: String?
  /// The line of the fragment's file, counted from 1, when it can be told.
  public var fileLine: Int?
  /// What the script gave as its reason, or which filter it was.
  public var reason: String?
  /// Whether a filter rejects, and no line of a script.
  public var isFilter = false

  /// A rejection of which everything but the stage may be unknown.
  public init(
    stage: MergeStage, fragment: String? = nil, line: Int? = nil, source: String? = nil, fileLine: Int? = nil,
    reason: String? = nil
  ) {
    self.stage = stage
    self.fragment = fragment
    self.line = line
    self.source = source
    self.fileLine = fileLine
    self.reason = reason
  }

  /// The reason, or the line that rejected when the script gave none.
  public var why: String {
    reason ?? source ?? "its \(stage.rawValue) script rejects it"
  }

  public var description: String {
    "\(place(stage: stage, fragment: fragment, line: line, fileLine: fileLine)): \(why)"
  }
}

/// `FILE:LINE`, or the script and its line when the file's line is not known.
private func place(stage: MergeStage, fragment: String?, line: Int?, fileLine: Int?) -> String {
  let script = "\(stage.rawValue)\(line.map { " line \($0)" } ?? "")"
  return switch (fragment, fileLine) {
  case (let fragment?, let fileLine?): "\(fragment):\(fileLine)"
  case (let fragment?, nil): "\(fragment), \(script)"
  case (nil, _): script
  }
}
