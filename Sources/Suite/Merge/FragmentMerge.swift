/// Merges fragments over a base configuration, as teuthology's suite merge does for each job.
///
/// It starts from the base with `teuthology: {fragments_dropped: [], meta: {}, postmerge: []}` merged in. Each fragment
/// that is not empty loses its `teuthology.premerge`, which runs; if it rejects, the fragment's path is appended to
/// `teuthology.fragments_dropped`, else the fragment is deep-merged. At the end the `teuthology.postmerge` scripts run as
/// one, and may reject the whole.
///
/// Everything is a value here; see `MergeContext` for what that means against Python's shared objects.
public struct FragmentMerge: Sendable {
  /// What became of a fragment.
  public enum Outcome: Sendable, Equatable {
    case merged
    /// The file says nothing; its name still counts.
    case empty
    case dropped(Rejection)
  }

  /// The state that scripts see.
  public private(set) var context: MergeContext
  /// The paths of the fragments merged so far.
  public private(set) var used: [String] = []
  /// The rejections of the fragments dropped so far.
  public private(set) var dropped: [Rejection] = []
  /// The fragment that each postmerge script came from, in order.
  private var postmergeOrigins: [String?] = []

  private static let template: YAMLValue = [
    "teuthology": ["fragments_dropped": [], "meta": [:], "postmerge": []]
  ]

  /// Begins a merge.
  /// - Parameters:
  ///   - base: the base configuration: a mapping, or null for none.
  ///   - fragmentPaths: the paths of all fragments to come, for the scripts.
  ///   - description: the name of the configuration, for the scripts.
  ///   - suiteName: the name of the suite, for the scripts.
  ///   - globals: further globals for the scripts.
  /// - Throws: `MergeError` when the base is no mapping, or has something else under `teuthology`.
  public init(
    base: YAMLValue, fragmentPaths: [String] = [], description: String? = nil, suiteName: String? = nil,
    globals: [String: YAMLValue] = [:]
  ) throws(MergeError) {
    var yaml = base.isNull ? [:] : base
    guard yaml.mapping != nil else {
      throw .malformed(fragment: Self.baseName, place: "the top level", expected: "a mapping", found: base.kind)
    }
    try Self.deepMerge(into: &yaml, from: Self.template, fragment: Self.baseName)
    context = MergeContext(
      yaml: yaml, yamlFragment: nil, baseConfig: base.isNull ? [:] : base, fragmentPath: nil,
      fragmentPaths: fragmentPaths, description: description, suiteName: suiteName, globals: globals)
    notePostmergeOrigins(nil)
  }

  /// Merges all fragments in their order, and runs the postmerge scripts.
  /// - Parameters: as for `init`, and
  ///   - fragments: the fragments in the order to merge them.
  ///   - scripts: runs their scripts.
  /// - Returns: the configuration, or what rejected it.
  /// - Throws: `MergeError` when fragments clash or are malformed, or a script fails.
  public static func merge(
    _ fragments: [Fragment], over base: YAMLValue, scripts: inout some FragmentScripts, description: String? = nil,
    suiteName: String? = nil, globals: [String: YAMLValue] = [:]
  ) throws(MergeError) -> MergeResult {
    var merge = try FragmentMerge(
      base: base, fragmentPaths: fragments.map(\.path), description: description, suiteName: suiteName,
      globals: globals)
    for fragment in fragments { _ = try merge.add(fragment, scripts: &scripts) }
    return try merge.finish(scripts: &scripts)
  }

  /// Merges one fragment, unless its premerge script rejects it.
  /// - Returns: what became of it.
  /// - Throws: `MergeError` when it is malformed or clashes, or its script fails.
  public mutating func add(_ fragment: Fragment, scripts: inout some FragmentScripts) throws(MergeError) -> Outcome {
    if fragment.value.isNull { return .empty }
    var value = fragment.value
    let script = try Self.popPremerge(from: &value, of: fragment.path)
    if let script, let rejection = try premerge(script, of: fragment, &value, scripts: &scripts) {
      // Before the next fragment, which did not bring what this one's script may have added.
      notePostmergeOrigins(fragment.path)
      try noteDropped(fragment.path)
      dropped.append(rejection)
      return .dropped(rejection)
    }
    try Self.deepMerge(into: &context.yaml, from: value, fragment: fragment.path)
    notePostmergeOrigins(fragment.path)
    used.append(fragment.path)
    return .merged
  }

  /// Runs the postmerge scripts, which ends the merge.
  /// - Returns: the configuration, or what rejected it.
  /// - Throws: `MergeError` when `teuthology.postmerge` is not a list of texts, or a script fails.
  public mutating func finish(scripts: inout some FragmentScripts) throws(MergeError) -> MergeResult {
    let script = try postmergeScript()
    context.yamlFragment = nil
    context.fragmentPath = nil
    context.note = nil
    let accepts: Bool
    do throws(MergeError) {
      accepts = try scripts.postmerge(script.text, context: &context)
    } catch {
      guard case .script(var failure) = error else { throw error }
      failure.fragment = failure.fragment ?? script.origin(ofLine: failure.line)
      throw .script(failure)
    }
    if accepts { return .accepted(Merged(yaml: context.yaml, used: used, dropped: dropped)) }
    let line = context.note?.line
    return .rejected(
      by: Rejection(
        stage: .postmerge, fragment: script.origin(ofLine: line), line: line, source: sourceLine(line, of: script.text),
        reason: context.note?.reason))
  }

  // MARK: Premerge

  /// Takes the premerge script out of a fragment, as `fragment.get('teuthology', {}).pop('premerge', '')` does.
  private static func popPremerge(from value: inout YAMLValue, of path: String) throws(MergeError) -> String? {
    guard case .mapping(var mapping) = value else {
      throw .malformed(fragment: path, place: "the top level", expected: "a mapping", found: value.kind)
    }
    guard let section = mapping["teuthology"] else { return nil }
    guard case .mapping(var keys) = section else {
      throw .malformed(fragment: path, place: "teuthology", expected: "a mapping", found: section.kind)
    }
    guard let script = keys.removeValue(forKey: "premerge") else { return nil }
    mapping["teuthology"] = .mapping(keys)
    value = .mapping(mapping)
    guard script.isTruthy else { return nil }
    guard case .string(let text) = script else {
      throw .malformed(fragment: path, place: "teuthology.premerge", expected: "a text", found: script.kind)
    }
    return text
  }

  private mutating func premerge(
    _ script: String, of fragment: Fragment, _ value: inout YAMLValue, scripts: inout some FragmentScripts
  ) throws(MergeError) -> Rejection? {
    context.yamlFragment = value
    context.fragmentPath = fragment.path
    context.note = nil
    defer { context.yamlFragment = nil }
    let accepts: Bool
    do throws(MergeError) {
      accepts = try scripts.premerge(script, context: &context)
    } catch {
      guard case .script(var failure) = error else { throw error }
      failure.fragment = failure.fragment ?? fragment.path
      failure.fileLine = failure.fileLine ?? fragment.fileLine(ofPremergeLine: failure.line)
      throw .script(failure)
    }
    if accepts {
      value = context.yamlFragment ?? .null
      return nil
    }
    let line = context.note?.line
    return Rejection(
      stage: .premerge, fragment: fragment.path, line: line, source: sourceLine(line, of: script),
      fileLine: fragment.fileLine(ofPremergeLine: line), reason: context.note?.reason)
  }

  private mutating func noteDropped(_ path: String) throws(MergeError) {
    guard var mapping = context.yaml.mapping, var section = mapping["teuthology"]?.mapping,
      let dropped = section["fragments_dropped"]?.sequence
    else {
      let found = context.yaml["teuthology"]?["fragments_dropped"]?.kind ?? "missing"
      throw .malformed(fragment: path, place: "teuthology.fragments_dropped", expected: "a sequence", found: found)
    }
    section["fragments_dropped"] = .sequence(dropped + [.string(path)])
    mapping["teuthology"] = .mapping(section)
    context.yaml = .mapping(mapping)
  }

  // MARK: Postmerge

  private func postmergeScript() throws(MergeError) -> PostmergeScript {
    let place = "teuthology.postmerge"
    guard let section = context.yaml["teuthology"], let value = section["postmerge"] else {
      return PostmergeScript(scripts: [], origins: [])
    }
    guard case .sequence(let items) = value else {
      throw .malformed(fragment: "the merged configuration", place: place, expected: "a sequence", found: value.kind)
    }
    var texts: [String] = []
    for (position, item) in items.enumerated() {
      guard case .string(let text) = item else {
        let origin = position < postmergeOrigins.count ? postmergeOrigins[position] : nil
        throw .malformed(
          fragment: origin ?? "the merged configuration", place: "\(place)[\(position)]", expected: "a text",
          found: item.kind)
      }
      texts.append(text)
    }
    return PostmergeScript(scripts: texts, origins: postmergeOrigins)
  }

  /// Remembers who brought the scripts that are new in `teuthology.postmerge`.
  private mutating func notePostmergeOrigins(_ path: String?) {
    let count = context.yaml["teuthology"]?["postmerge"]?.sequence?.count ?? 0
    while postmergeOrigins.count < count { postmergeOrigins.append(path) }
  }

  // MARK: Shared

  private static let baseName = "the base configuration"

  private static func deepMerge(
    into target: inout YAMLValue, from source: YAMLValue, fragment: String
  ) throws(MergeError) {
    do throws(DeepMergeError) {
      try Suite.deepMerge(into: &target, from: source)
    } catch {
      throw .clash(error, fragment: fragment)
    }
  }
}

/// How a merge ended.
public enum MergeResult: Sendable, Equatable {
  case accepted(Merged)
  /// A postmerge script rejected the whole.
  case rejected(by: Rejection)
}

/// A merged configuration, and which fragments made it.
public struct Merged: Sendable, Equatable {
  /// The configuration.
  public let yaml: YAMLValue
  /// The paths of the fragments that were merged, in order.
  public let used: [String]
  /// Why the others were dropped, in order.
  public let dropped: [Rejection]
}

/// All postmerge scripts as the one text that runs, and which line came from which fragment.
private struct PostmergeScript {
  let text: String
  private var originOfLine: [String?] = []

  init(scripts: [String], origins: [String?]) {
    text = scripts.joined(separator: "\n")
    // Scripts can change the list; then its items are no longer told apart.
    guard scripts.count == origins.count else { return }
    for (script, origin) in zip(scripts, origins) {
      let lines = script.utf8.count { $0 == UInt8(ascii: "\n") } + 1
      originOfLine += Array(repeating: origin, count: lines)
    }
  }

  func origin(ofLine line: Int?) -> String? {
    guard let line, originOfLine.indices.contains(line - 1) else { return nil }
    return originOfLine[line - 1]
  }
}

/// A line of a script without the blanks around it; nil when there is no such line.
private func sourceLine(_ line: Int?, of script: String) -> String? {
  let lines = script.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  guard let line, lines.indices.contains(line - 1) else { return nil }
  let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
  var text = lines[line - 1].drop(while: isBlank)
  while let last = text.last, isBlank(last) { text.removeLast() }
  return String(Substring(text))
}
