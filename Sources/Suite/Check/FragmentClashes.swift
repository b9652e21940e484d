/// Finds fragments that cannot be merged with each other: one has a list or a mapping where a later one has something
/// else.
struct FragmentClashes {
  enum Shape: String {
    case list, mapping, scalar
    /// A date: it may replace a scalar, and cannot be new.
    case date
  }

  private struct Use {
    let fragment: Int32
    let shape: Shape
  }

  /// By the path of keys in the configuration.
  private var uses: [[String]: [Use]] = [:]
  private var hasPremerge: Set<Int32> = []
  /// The most pairs that are named for one place.
  private static let mostPairs = 5

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

  /// The clashes, each once.
  func problems(_ matrix: SuiteMatrix) -> [SuiteProblem] {
    let meetings = Meetings(matrix)
    var problems: [SuiteProblem] = []
    for (path, uses) in uses.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let places = path.joined(separator: ".")
      var named = 0
      if uses.contains(where: { $0.shape != uses[0].shape }) {
        for (number, later) in uses.enumerated() {
          for earlier in uses[..<number] where named < Self.mostPairs && Self.clash(earlier.shape, later.shape) {
            guard meetings.canMeet(earlier.fragment, later.fragment) else { continue }
            named += 1
            let mayDrop = hasPremerge.contains(earlier.fragment) || hasPremerge.contains(later.fragment)
            problems.append(
              SuiteProblem(
                mayDrop ? .warning : .error, matrix.files[Int(later.fragment)],
                "\(places) is a \(later.shape.rawValue), but a \(earlier.shape.rawValue) in"
                  + " \(matrix.files[Int(earlier.fragment)]), which is merged before it"
                  + (mayDrop ? "; a premerge script may keep them apart" : "")))
          }
        }
      }
    }
    return problems
  }

  /// Whether `deep_merge` asserts when the later is merged into the earlier.
  private static func clash(_ earlier: Shape, _ later: Shape) -> Bool {
    earlier != later && (earlier == .list || earlier == .mapping)
  }
}
