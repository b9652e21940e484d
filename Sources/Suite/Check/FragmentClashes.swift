/// Finds fragments that cannot be merged with each other: one has a list or a mapping where a later one has something
/// else.
struct FragmentClashes {
  enum Shape: String {
    case list, mapping, scalar
    /// A date: it may replace a scalar, and cannot be new.
    case date
  }

  private struct Use {
    /// Its number in the matrix, or one of what is merged before all fragments.
    let fragment: Int32
    let shape: Shape
  }

  /// By the path of keys in the configuration.
  private var uses: [[String]: [Use]] = [:]
  private var hasPremerge: Set<Int32> = []
  /// The most that is said of one place.
  private static let mostProblems = 5
  /// What is merged into every job before its fragments, by numbers that no fragment has.
  private static let base: Int32 = -2
  private static let template: Int32 = -1

  private let basePath: String?

  /// - Parameter base: what the jobs begin with, a mapping.
  init(base: SuiteBase?) {
    basePath = base?.path
    if let base { add(Self.base, base.value, at: []) }
    add(Self.template, FragmentMerge.template, at: [])
  }

  /// Notes what a fragment has. Fragments must come in the order in which they are merged.
  /// - Parameter value: a mapping.
  mutating func add(_ fragment: Int32, _ value: YAMLValue, hasPremerge: Bool) {
    if hasPremerge { self.hasPremerge.insert(fragment) }
    add(fragment, value, at: [])
  }

  private mutating func add(_ fragment: Int32, _ value: YAMLValue, at path: [String]) {
    guard let shape = Self.shape(of: value) else { return }
    if !path.isEmpty { uses[path, default: []].append(Use(fragment: fragment, shape: shape)) }
    for (key, inner) in value.mapping ?? YAMLMapping() {
      // 1 and "1" are two keys.
      add(fragment, inner, at: path + [key.string ?? key.json() + " (\(key.kind))"])
    }
  }

  private static func shape(of value: YAMLValue) -> Shape? {
    switch value {
    // It is merged into nothing.
    case .null: nil
    case .sequence: .list
    case .mapping: .mapping
    case .timestamp: .date
    default: .scalar
    }
  }

  /// The clashes, the first few of each place.
  func problems(_ matrix: SuiteMatrix, _ meetings: Meetings) -> [SuiteProblem] {
    var problems: [SuiteProblem] = []
    for (path, uses) in uses.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let place = path.joined(separator: ".")
      var found: [SuiteProblem] = []
      for (number, later) in uses.enumerated() where found.count < Self.mostProblems {
        if later.fragment >= 0, later.shape == .date,
          let problem = newDate(later, after: uses[..<number], place, matrix, meetings)
        {
          found.append(problem)
        }
        for earlier in uses[..<number] where found.count < Self.mostProblems && Self.clash(earlier.shape, later.shape) {
          guard earlier.fragment < 0 || meetings.canMeet(earlier.fragment, later.fragment) else { continue }
          found.append(clash(earlier, later, place, matrix))
        }
      }
      problems += found
    }
    return problems
  }

  private func clash(_ earlier: Use, _ later: Use, _ place: String, _ matrix: SuiteMatrix) -> SuiteProblem {
    if later.fragment == Self.template {
      return SuiteProblem(
        .error, basePath ?? "",
        "\(place) is a \(earlier.shape.rawValue), but every job begins with a \(later.shape.rawValue) there")
    }
    let mayDrop = hasPremerge.contains(earlier.fragment) || hasPremerge.contains(later.fragment)
    return SuiteProblem(
      mayDrop ? .warning : .error, matrix.files[Int(later.fragment)],
      "\(place) is a \(later.shape.rawValue), but a \(earlier.shape.rawValue) in \(name(of: earlier, matrix))"
        + (mayDrop ? "; a premerge script may keep them apart" : ""))
  }

  private func name(of earlier: Use, _ matrix: SuiteMatrix) -> String {
    switch earlier.fragment {
    case Self.template: "what every job begins with"
    case Self.base: "\(basePath ?? ""), which is merged before it"
    default: "\(matrix.files[Int(earlier.fragment)]), which is merged before it"
    }
  }

  /// A date that is there for the first time: teuthology makes an empty one to merge it into, which Python refuses.
  private func newDate(
    _ use: Use, after earlier: ArraySlice<Use>, _ place: String, _ matrix: SuiteMatrix, _ meetings: Meetings
  ) -> SuiteProblem? {
    let canReplace = earlier.contains {
      $0.shape != .date && ($0.fragment < 0 || meetings.canMeet($0.fragment, use.fragment))
    }
    return canReplace
      ? nil
      : SuiteProblem(
        hasPremerge.contains(use.fragment) ? .warning : .error, matrix.files[Int(use.fragment)],
        "\(place) is a date, which can take the place of a value but not be new: write it in quotes")
  }

  /// Whether `deep_merge` asserts when the later is merged into the earlier.
  private static func clash(_ earlier: Shape, _ later: Shape) -> Bool {
    earlier != later && (earlier == .list || earlier == .mapping)
  }
}
