/// Looks at the postmerge scripts of a suite, of which those of a job are one script, in the order of its fragments.
struct PostmergeCheck {
  /// The scripts of a fragment.
  private struct Scripts {
    let fragment: Int32
    /// Whether nothing may follow: the last statement is a return.
    let mustBeLast: Bool
    /// Whether a path ends here and accepts.
    let mayAccept: Bool
    /// Whether every path ends here and none accepts.
    let neverAccept: Bool
  }

  private let parse: (_ script: String) -> ScriptSyntaxError?
  private var all: [Scripts] = []
  private let baseMayAccept: Bool

  /// - Parameter base: the scripts that every job begins with.
  init(base: [String], parse: @escaping (_ script: String) -> ScriptSyntaxError?) {
    self.parse = parse
    baseMayAccept = Self.end(base).mayAccept
  }

  /// Notes the scripts of a fragment. Fragments must come in the order in which they are merged.
  mutating func add(_ fragment: Int32, _ texts: [String]) {
    guard let last = texts.last else { return }
    let end = Self.end(texts)
    all.append(
      Scripts(
        fragment: fragment, mustBeLast: parse(last) == nil && parse(last + "\nlocal _") != nil,
        mayAccept: end.mayAccept, neverAccept: end.neverAccept))
  }

  /// What scripts do one after the other.
  private static func end(_ texts: [String]) -> (mayAccept: Bool, neverAccept: Bool) {
    for paths in texts.lazy.map(ScriptPaths.init) {
      if paths.mayAccept { return (true, false) }
      if !paths.mayReachEnd { return (false, true) }
    }
    return (false, false)
  }

  func problems(_ matrix: SuiteMatrix, _ meetings: Meetings) -> [SuiteProblem] {
    neverAccepting(matrix, meetings) + returnsBeforeOthers(matrix, meetings)
  }

  /// Scripts that no job survives, unless one before them accepts it.
  private func neverAccepting(_ matrix: SuiteMatrix, _ meetings: Meetings) -> [SuiteProblem] {
    if baseMayAccept { return [] }
    // A file is named once; where it stands in several places, all of them count.
    var places: [(path: String, identity: SuiteFolder.Identity?, isHopeless: Bool)] = []
    for (number, scripts) in all.enumerated() where scripts.neverAccept {
      let path = matrix.files[Int(scripts.fragment)]
      let identity = SuiteFolder.identity(of: path)
      let isHopeless = !all[..<number].contains {
        $0.mayAccept && meetings.canMeet($0.fragment, scripts.fragment)
      }
      if let known = places.firstIndex(where: { $0.identity == identity }) {
        places[known].isHopeless = places[known].isHopeless && isHopeless
      } else {
        places.append((path, identity, isHopeless))
      }
    }
    return places.filter(\.isHopeless).map {
      SuiteProblem(.warning, $0.path, "this postmerge script never accepts")
    }
  }

  /// A return must be the last statement of the one script.
  private func returnsBeforeOthers(_ matrix: SuiteMatrix, _ meetings: Meetings) -> [SuiteProblem] {
    var found: [SuiteProblem] = []
    for (number, first) in all.enumerated() where first.mustBeLast {
      let second = all[(number + 1)...].first { meetings.canMeet(first.fragment, $0.fragment) }
      guard let second else { continue }
      found.append(
        SuiteProblem(
          .error, matrix.files[Int(first.fragment)],
          "its postmerge script ends with a return, but that of \(matrix.files[Int(second.fragment)]) follows it in one"
            + " script"))
    }
    return found
  }
}
