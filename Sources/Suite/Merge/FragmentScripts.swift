/// Runs the scripts of fragments. The merge decides what runs and when; an evaluator decides what a script can do.
///
/// Scripts call `reject()` and `accept()`. As an extension to teuthology, `reject` takes an optional text,
/// `reject("no /dev/kvm")`, which an evaluator passes on by `ScriptDecision`.
public protocol FragmentScripts: AnyObject {
  /// Called once, before the first job. What the scripts see of the run is in the context by then.
  func begin(_ context: ScriptContext) throws(MergeError)

  /// Compiles a script, which teuthology does before it looks at the filters.
  /// - Throws: `ScriptFailure` when the script is no Lua.
  func prepare(_ script: ScriptText, _ stage: MergeStage) throws(ScriptFailure)

  /// Runs a script.
  /// - Throws: `ScriptFailure` when the script fails.
  func run(_ script: ScriptText, _ context: ScriptContext) throws(ScriptFailure) -> ScriptDecision

  /// Whether a text matches a Lua pattern somewhere, for `--filter-fragments`.
  /// - Throws: `ScriptFailure` when the pattern is none.
  func find(_ pattern: String, in text: String) throws(ScriptFailure) -> Bool
}

/// A script's text.
public struct ScriptText: Sendable, Hashable {
  /// Texts with equal numbers are equal; nil for a text that a script made, which may never come again.
  public let number: Int?
  /// The Lua code.
  public let text: String

  /// A text.
  public init(number: Int? = nil, text: String) {
    self.number = number
    self.text = text
  }
}

/// What a script decides.
public enum ScriptDecision: Sendable, Equatable {
  case accept
  /// The line that called `reject`, counted from 1, and what it gave as its reason.
  case reject(line: Int? = nil, reason: String? = nil)
}

/// What the scripts of a merge see and change.
public final class ScriptContext {
  /// Where all objects are.
  public let heap: ObjectHeap
  /// The base configuration's dict. Changes last for the jobs that follow.
  public internal(set) var baseConfig: Object
  /// `suite_name`, or None.
  public let suiteName: Object
  /// `seed`.
  public let seed: Int
  /// `filter_in`, `filter_out` and `filter_all`: lists of texts.
  public internal(set) var filterIn, filterOut, filterAll: Object
  /// `filter_fragments`.
  public let filterFragments: Bool
  /// What every job has under `teuthology`.
  private(set) var template = Object.none
  /// Further globals, by name.
  public internal(set) var globals: [(name: String, value: Object)] = []

  /// Which script runs.
  public internal(set) var stage = MergeStage.premerge
  /// The job so far: `yaml`.
  public internal(set) var yaml = Object.none
  /// The fragment about to be merged: `yaml_fragment`; None in postmerge.
  public internal(set) var fragment = Object.none
  /// `description`.
  public internal(set) var description = Object.none
  /// The paths of the job's fragments, and what follows `/suites/` in them: the texts of `base_frag_paths`.
  public internal(set) var paths: [Object] = []
  public internal(set) var basePaths: [Object] = []
  private var pathList = Object.none
  /// `frag_paths`: the very list that the merge goes through, so a script that changes it changes which fragments follow.
  public var fragmentPaths: Object {
    if pathList.isNone { pathList = heap.makeList(paths) }
    return pathList
  }
  private static func base(_ setup: MergeSetup, _ heap: ObjectHeap) -> Object {
    var base = heap.makeDict()
    if let text = setup.baseText, let read = try? heap.read(yaml: text, file: ""), read.tag == .dict { base = read }
    for (key, value) in setup.base.mapping ?? [:] {
      let name = heap.object(key)
      if let present = heap.value(base, for: name), (try? heap.value(of: present)) == value { continue }
      heap.set(heap.object(value), in: base, for: name)
    }
    return base
  }

  /// What a script has left in `frag_paths` when it is no more what it was; nil when it is.
  func takeChangedPaths() -> [Object]? {
    guard !pathList.isNone else { return nil }
    let count = heap.count(pathList)
    if count == paths.count, (0..<count).allSatisfy({ heap.isEqual(heap.item(pathList, at: $0), paths[$0]) }) {
      return nil
    }
    return (0..<count).map { heap.item(pathList, at: $0) }
  }
  func forgetPaths() {
    pathList = .none
    paths.removeAll(keepingCapacity: true)
    basePaths.removeAll(keepingCapacity: true)
  }
  /// `os_type` and `os_version`, which only postmerge scripts have, and only when the base configuration has them.
  public internal(set) var osType = Object.none
  public internal(set) var osVersion = Object.none
  /// Globals that the filter of versions leaves behind: `wanted_os_version` and `this_os_version`.
  public internal(set) var comparedVersions: (wanted: String, this: String)?

  init(_ setup: MergeSetup, heap: ObjectHeap) {
    self.heap = heap
    seed = setup.seed
    filterFragments = setup.filters.looksAtFragments
    suiteName = setup.suiteName.map { heap.text($0) } ?? .none
    baseConfig = Self.base(setup, heap)
    func texts(_ list: [String]) -> Object { heap.makeList(list.map { heap.text($0) }) }
    filterIn = texts(setup.filters.any)
    filterOut = texts(setup.filters.none)
    filterAll = texts(setup.filters.all)
    for (name, value) in setup.globals.sorted(by: { $0.key.precedesByCodePoints($1.key) }) {
      globals.append((name, heap.object(value)))
    }
    let roots = heap.setRoots(
      [baseConfig, filterIn, filterOut, filterAll, heap.object(FragmentMerge.template)] + globals.map(\.value))
    (baseConfig, filterIn, filterOut, filterAll, self.template) = (roots[0], roots[1], roots[2], roots[3], roots[4])
    for place in globals.indices { globals[place].value = roots[5 + place] }
  }
}
