/// Merges fragments into jobs, exactly as teuthology's `config_merge` does: one job after the other, each over a copy of
/// the base configuration.
///
/// A job begins with the base and `teuthology: {fragments_dropped: [], meta: {}, postmerge: []}`. Each fragment that is
/// not empty loses its `teuthology.premerge`, which runs; if it rejects, the fragment's path is appended to
/// `teuthology.fragments_dropped`, else the fragment is deep-merged. At the end the `teuthology.postmerge` scripts run as
/// one, and may reject the job. Filters run before every script.
///
///     let merge = try FragmentMerge(MergeSetup(files: matrix.files), scripts: LuaScripts())
///     var output = ByteBuffer()
///     while let job = try jobs.next() {
///       if try merge.merge(job) == .merged { try merge.appendJSON(to: &output) }
///     }
///
/// Jobs must come in order: scripts draw from one generator and can change the base configuration. What a merge hands out
/// as `Object` is good until the next job begins.
public final class FragmentMerge {
  /// What became of a fragment.
  public enum Outcome: Sendable, Equatable {
    case merged
    /// The file says nothing; its name still counts.
    case empty
    case dropped
  }

  /// Where the objects are.
  public let heap = ObjectHeap()
  /// Notes what each fragment does, when it is set.
  public var trace: MergeTrace?
  /// Whether a script has changed the base configuration in a job before the present one.
  public private(set) var changedBase = false
  /// Whether a script has changed the base configuration, so that the order of jobs counts.
  public var hasChangedBase: Bool { changedBase || heap.changedRoots }

  let context: ScriptContext
  let scripts: any FragmentScripts
  private let filters: MergeFilters
  private let suiteName: String?
  private var files: [String]
  private var fragments: [LoadedFragment?]
  /// Texts that did not come from a file.
  private var given: [Int32: String] = [:]
  /// Scripts by their texts. Most suites have some dozens, but a plan can join them in as many ways as it has jobs.
  private var recentScripts = Recent<[UInt32], ScriptText>(room: 1024)
  private var scriptCount = 0
  private var descriptionBytes: [UInt8] = []

  /// The paths of fragments as they are written, quotes included, and what they are relative to.
  var shownPaths: [Int32: [UInt8]] = [:]
  var shownFolder: String?

  // Of the present job.
  private var isOpen = false
  /// The numbers of the job's fragments, dropped ones too.
  public private(set) var jobFragments: [Int32] = []
  private var dropped: [(fragment: Int32, rejection: RawRejection)] = []
  private var rejected: RawRejection?

  /// A rejection as cheap as it comes: most are never looked at.
  struct RawRejection {
    var line: Int?
    var reason: String?
    var isFilter = false
    var script: ScriptText?
  }

  /// What is merged into the base of every job before its fragments.
  static let template: YAMLValue = ["teuthology": ["fragments_dropped": [], "meta": [:], "postmerge": []]]

  private enum Names { static let base = "the base configuration" }

  /// Begins a merge.
  /// - Parameters:
  ///   - setup: what all jobs have in common.
  ///   - scripts: runs the fragments' scripts.
  /// - Throws: `MergeError` when the base is no mapping, or the scripts cannot begin.
  public init(_ setup: MergeSetup, scripts: any FragmentScripts) throws(MergeError) {
    guard setup.base.isNull || setup.base.mapping != nil else {
      throw .malformed(
        fragment: Names.base, place: "the top level", expected: "a mapping", found: setup.base.kind)
    }
    self.scripts = scripts
    suiteName = setup.suiteName
    filters = MergeFilters(setup.filters)
    files = setup.files
    fragments = Array(repeating: nil, count: files.count)
    context = ScriptContext(setup, heap: heap)
    heap.beginJob()
    try scripts.begin(context)
  }

  // MARK: Fragments

  /// Adds a fragment that is there as text.
  /// - Returns: its number, for jobs.
  public func add(path: String, text: String) -> Int32 {
    closeJob()
    files.append(path)
    fragments.append(LoadedFragment(path: path, text: text, heap: heap, number: number(of:)))
    given[Int32(files.count - 1)] = text
    return Int32(files.count - 1)
  }

  /// The text of a fragment that was added as one.
  func givenText(_ fragment: Int32) -> String? { given[fragment] }

  /// The path of a fragment.
  public func path(_ fragment: Int32) -> String { files[Int(fragment)] }

  private func load(_ fragment: Int32) {
    guard fragments[Int(fragment)] == nil else { return }
    fragments[Int(fragment)] = read(fragment, number(of:))
  }

  /// - Parameter number: makes a script of its text; one that may be forgotten with the job has no number.
  private func read(_ fragment: Int32, _ number: (Object) -> ScriptText) -> LoadedFragment {
    let path = files[Int(fragment)]
    if let text = given[fragment] { return LoadedFragment(path: path, text: text, heap: heap, number: number) }
    do throws(FragmentReadError) {
      return LoadedFragment(path: path, text: try Fragment.contents(of: path), heap: heap, number: number)
    } catch {
      return LoadedFragment(path: path, broken: .unreadable(error), heap: heap)
    }
  }

  /// The script of a text that a file has.
  private func number(of text: Object) -> ScriptText { joined([text.id], heap.string(of: text) ?? "") }

  func joined(_ ids: [UInt32], _ text: @autoclosure () -> String) -> ScriptText {
    if let known = recentScripts[ids] { return known }
    let script = ScriptText(number: scriptCount, text: text())
    scriptCount += 1
    recentScripts[ids] = script
    return script
  }

  // MARK: Jobs

  /// Merges the fragments of a job.
  /// - Throws: `JobFailure` where teuthology ends with a traceback; the next job can be merged all the same.
  public func merge(_ job: MatrixJob) throws(JobFailure) -> JobOutcome {
    try merge(text: job.text, fragments: job.fragments)
  }

  /// Merges the fragments of a job.
  /// - Parameters:
  ///   - text: its description without the suite's name, in UTF-8.
  ///   - fragments: the numbers of its fragments, in order.
  /// - Throws: `JobFailure` where teuthology ends with a traceback; the next job can be merged all the same.
  public func merge(text: [UInt8], fragments: [Int32]) throws(JobFailure) -> JobOutcome {
    do throws(MergeError) {
      try begin(text: text, fragments: fragments)
      var place = 0
      while place < jobFragments.count {
        _ = try take(place)
        place += 1
      }
      return try finish() ? .merged : .rejected
    } catch {
      throw JobFailure(job: description, error: error)
    }
  }

  /// Begins a job whose fragments are then merged one by one.
  func begin(text: [UInt8], fragments: [Int32]) throws(MergeError) {
    closeJob()
    for fragment in fragments { load(fragment) }
    heap.beginJob()
    isOpen = true
    jobFragments = fragments
    dropped.removeAll(keepingCapacity: true)
    usedFragments.removeAll(keepingCapacity: true)
    rejected = nil
    trace?.begin()
    describe(text)
    context.forgetPaths()
    listPaths()
    do throws(ObjectTextError) { context.yaml = try heap.deepCopy(context.baseConfig) } catch {
      throw .unwritable(error)
    }
    try deepMerge(context.template, fragment: nil)
  }

  private func listPaths() {
    context.paths.removeAll(keepingCapacity: true)
    context.basePaths.removeAll(keepingCapacity: true)
    for fragment in jobFragments {
      guard let loaded = fragments[Int(fragment)] else { continue }
      context.paths.append(loaded.path)
      context.basePaths.append(loaded.basePath)
    }
  }

  /// Takes over what a script has done to `frag_paths`.
  private func followPaths() throws(MergeError) {
    guard let changed = context.takeChangedPaths() else { return }
    // What is read now is not the job's alone.
    heap.keepTexts()
    var numbers: [Int32] = []
    for item in changed {
      guard let path = heap.string(of: item) else {
        throw .malformed(fragment: "a script", place: "frag_paths", expected: "texts", found: item.kind)
      }
      if let number = files.firstIndex(of: path) {
        numbers.append(Int32(number))
      } else {
        files.append(path)
        fragments.append(nil)
        numbers.append(Int32(files.count - 1))
      }
    }
    for number in numbers { load(number) }
    jobFragments = numbers
    listPaths()
  }

  private func closeJob() {
    guard isOpen else { return }
    if heap.changedRoots { changedBase = true }
    heap.endJob()
    isOpen = false
  }

  /// `os.path.join(suite_name, description)`.
  private func describe(_ text: [UInt8]) {
    descriptionBytes.removeAll(keepingCapacity: true)
    if let suiteName, text.first != UInt8(ascii: "/") {
      descriptionBytes.append(contentsOf: suiteName.utf8)
      if !text.isEmpty, !suiteName.isEmpty, !suiteName.hasSuffix("/") { descriptionBytes.append(UInt8(ascii: "/")) }
    }
    if suiteName == nil || !text.isEmpty { descriptionBytes.append(contentsOf: text) }
    context.description = descriptionBytes.withUnsafeBufferPointer { heap.text($0) }
  }

  /// Merges the fragment at a place of the job, unless its premerge script rejects it.
  func take(_ place: Int) throws(MergeError) -> Outcome {
    let number = jobFragments[place]
    guard var fragment = fragments[Int(number)] else { return .empty }
    if fragment.job == heap.job, case .dict = fragment.content {
      // Templates stand for one copy in a job: for the same file once more they are made anew.
      fragment = read(number) { ScriptText(text: heap.string(of: $0) ?? "") }
    } else {
      fragment.job = heap.job
    }
    switch fragment.content {
    case .empty:
      trace?.add(.empty, path: path(number))
      return .empty
    case .broken(let error): throw error
    case .dict(let root):
      if let script = fragment.premerge, let rejection = try premerge(script, root, number) {
        try noteDropped(fragment)
        dropped.append((number, rejection))
        if trace != nil { trace?.add(.dropped(explain(rejection, .premerge, fragment: number)), path: path(number)) }
        return .dropped
      }
      try deepMerge(root, fragment: number)
      usedFragments.append(number)
      if let trace { trace.add(.merged(trace.takeScriptChanges() + trace.record.changes), path: path(number)) }
      return .merged
    }
  }

  /// Runs the postmerge scripts, which ends the job.
  /// - Returns: whether they accept it.
  func finish() throws(MergeError) -> Bool {
    let script = try postmergeScript()
    context.stage = .postmerge
    context.fragment = .none
    context.osType = truthy("os_type")
    context.osVersion = truthy("os_version")
    defer {
      context.osType = .none
      context.osVersion = .none
    }
    do throws(ScriptFailure) {
      if !script.text.isEmpty { try scripts.prepare(script, .postmerge) }
      if let rejection = try verdict(script) {
        rejected = rejection
        return false
      }
    } catch {
      throw .script(placed(error, postmerge: script))
    }
    if let trace {
      let changes = trace.takeScriptChanges()
      if !changes.isEmpty { trace.add(.merged(changes), path: "postmerge scripts") }
    }
    guard !heap.isFull else { throw tooLarge }
    return true
  }

  private func truthy(_ key: String) -> Object {
    let value = heap.value(context.baseConfig, for: key) ?? .none
    return heap.isTrue(value) ? value : .none
  }

  private var tooLarge: MergeError {
    .script(ScriptFailure(stage: .postmerge, message: "the job needs more memory than it may have"))
  }

  private func premerge(_ script: ScriptText, _ root: Object, _ number: Int32) throws(MergeError) -> RawRejection? {
    context.stage = .premerge
    do throws(ScriptFailure) {
      try scripts.prepare(script, .premerge)
      // Scripts hold and change it.
      context.fragment = heap.own(root)
      return try verdict(script)
    } catch {
      throw .script(placed(error, premerge: number))
    }
  }

  /// Why a script or the filters before it reject; nil when they do not.
  private func verdict(_ script: ScriptText) throws(ScriptFailure) -> RawRejection? {
    if let reason = try filters.rejection(context, scripts: scripts) {
      return RawRejection(reason: reason, isFilter: true)
    }
    if script.text.isEmpty { return nil }
    trace?.beforeScript(self)
    let decision = try scripts.run(script, context)
    trace?.afterScript(self)
    do throws(MergeError) {
      try followPaths()
    } catch {
      throw ScriptFailure(stage: context.stage, message: error.description)
    }
    switch decision {
    case .accept: return nil
    case .reject(let line, let reason): return RawRejection(line: line, reason: reason, script: script)
    }
  }

  private func deepMerge(_ source: Object, fragment: Int32?) throws(MergeError) {
    let record = trace?.record
    record?.clear()
    heap.work = 0
    do throws(DeepMergeError) {
      try heap.deepMerge(into: context.yaml, from: source, record: record)
    } catch {
      throw .clash(error, fragment: fragment.map(path) ?? Names.base)
    }
  }

  private func noteDropped(_ fragment: LoadedFragment) throws(MergeError) {
    guard let section = heap.value(context.yaml, for: "teuthology"), section.tag == .dict,
      let list = heap.value(section, for: "fragments_dropped"), list.tag == .list
    else {
      let found = heap.value(context.yaml, for: "teuthology").flatMap {
        $0.tag == .dict ? heap.value($0, for: "fragments_dropped") : nil
      }
      throw .malformed(
        fragment: heap.string(of: fragment.path) ?? "", place: "teuthology.fragments_dropped", expected: "a sequence",
        found: found?.kind ?? "missing")
    }
    heap.append(fragment.path, to: heap.own(list))
  }

  // MARK: What became of the job

  /// The description of the job, with the suite's name.
  public var description: String { String(decoding: descriptionBytes, as: UTF8.self) }

  /// The configuration of the job.
  public var yaml: Object { context.yaml }

  /// The configuration of the job as a value.
  /// - Throws: `ObjectTextError` when it holds itself, or is without end.
  public func value() throws(ObjectTextError) -> YAMLValue {
    heap.work = 0
    return try heap.value(of: context.yaml)
  }

  /// The numbers of the fragments that were merged, in order.
  public private(set) var usedFragments: [Int32] = []

  /// Why fragments were dropped, in order.
  public var droppedFragments: [Rejection] {
    dropped.map { explain($0.rejection, .premerge, fragment: $0.fragment) }
  }

  /// What rejected the job; nil when it was merged.
  public var rejection: Rejection? { rejected.map { explain($0, .postmerge, fragment: nil) } }
}
