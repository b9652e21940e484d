/// Looks for what is wrong with a suite without making its jobs: broken links and folders in which nothing counts, mistakes
/// in YAML and in scripts, scripts that can never accept, and fragments that can meet in a job and cannot be merged.
///
/// - Parameters:
///   - folder: the suite's folder, as for `SuiteMatrix`.
///   - base: what all jobs begin with.
///   - nestedSubsets: whether the numbers in `%` count.
///   - names: the globals of scripts; nil when they are not looked at.
///   - parse: says what is wrong with the syntax of a script; nil when nothing is.
/// - Returns: the problems, and of what was read how many fragments there are, a file with several links once.
public func checkSuite(
  folder: String, base: SuiteBase? = nil, nestedSubsets: Bool = true, names: ScriptNames? = nil,
  parse: @escaping (_ script: String) -> ScriptSyntaxError?
) -> (problems: [SuiteProblem], fragments: Int) {
  var builder = MatrixBuilder(seed: 1, nestedSubsets: nestedSubsets, rules: .teuthology, goesOn: true)
  let root: Int32?
  var errors: [MatrixError] = []
  do throws(MatrixError) {
    root = try builder.root(folder, subset: nil)
  } catch {
    root = nil
    // What is broken inside was said before.
    if builder.errors?.isEmpty != false { errors.append(error) }
  }
  errors = (builder.errors ?? []) + errors
  var problems = errors.map { SuiteProblem(.error, $0.path, $0.problem) }
  guard let root else { return (problems, 0) }
  let matrix = SuiteMatrix(builder, root: root, folder: folder, rules: .teuthology)
  if builder.mayFail {
    for (_, path) in matrix.fragile.sorted(by: { $0.key < $1.key }) {
      problems.append(
        SuiteProblem(.warning, path, "may be asked for more jobs than it has, and fail for some seeds"))
    }
  }
  var fragments = FragmentCheck(matrix: matrix, base: base, names: names, parse: parse)
  problems += fragments.problems()
  return (problems, fragments.count)
}

/// The base configuration of a suite's jobs, and where it comes from.
public struct SuiteBase: Sendable {
  let path: String
  let value: YAMLValue

  /// - Parameter path: what problems call it.
  public init(path: String, value: YAMLValue) {
    self.path = path
    self.value = value
  }
}

/// Reads and checks the fragments of a matrix.
private struct FragmentCheck {
  let matrix: SuiteMatrix
  let parse: (_ script: String) -> ScriptSyntaxError?
  var count = 0
  private var found: [SuiteProblem] = []
  private var clashes: FragmentClashes
  private var postmerges: PostmergeCheck
  private var unknownNames: UnknownNames?
  /// The postmerge scripts, with what problems call them.
  private var postmergeTexts: [(path: String, name: String, text: String)] = []

  init(
    matrix: SuiteMatrix, base: SuiteBase?, names: ScriptNames?,
    parse: @escaping (_ script: String) -> ScriptSyntaxError?
  ) {
    self.matrix = matrix
    self.parse = parse
    var base = base
    if let given = base, given.value.mapping == nil {
      if !given.value.isNull {
        found.append(SuiteProblem(.error, given.path, "must be a mapping, not a \(given.value.kind)"))
      }
      base = nil
    }
    clashes = FragmentClashes(base: base)
    let scripts = base?.value.mapping?["teuthology"]?.mapping?["postmerge"]?.sequence ?? []
    postmerges = PostmergeCheck(base: scripts.compactMap(\.string), parse: parse)
    unknownNames = names.map { UnknownNames($0) }
    for script in scripts { if let text = script.string { unknownNames?.note(text) } }
  }

  mutating func problems() -> [SuiteProblem] {
    var read: [SuiteFolder.Identity: YAMLValue?] = [:]
    for (number, path) in matrix.files.enumerated() {
      guard let identity = SuiteFolder.identity(of: path) else { continue }
      if let known = read[identity] {
        if let known { note(Int32(number), known) }
        continue
      }
      count += 1
      let value = fragment(path)
      read[identity] = value
      if let value { note(Int32(number), value) }
    }
    let meetings = Meetings(matrix)
    for (path, name, text) in postmergeTexts {
      for finding in unknownNames?.findings(in: text, isPostmerge: true) ?? [] {
        found.append(SuiteProblem(.warning, path, "\(name), line \(finding.line): \(finding.message)"))
      }
    }
    return found + postmerges.problems(matrix, meetings) + clashes.problems(matrix, meetings)
  }

  /// Reads a fragment and looks at its scripts.
  /// - Returns: nil when it has nothing to merge, or is wrong.
  private mutating func fragment(_ path: String) -> YAMLValue? {
    let text: String
    let value: YAMLValue
    do throws(MatrixError) { text = try SuiteFolder.text(of: path) } catch {
      found.append(SuiteProblem(.error, error.path, error.problem))
      return nil
    }
    do throws(YAMLError) { value = try YAMLValue(yaml: text, file: path) } catch {
      found.append(SuiteProblem(.error, path, line: error.line, error.problem))
      return nil
    }
    if value.isNull { return nil }
    guard let mapping = value.mapping else {
      found.append(SuiteProblem(.error, path, "a fragment must be a mapping, not a \(value.kind)"))
      return nil
    }
    guard let section = mapping["teuthology"] else { return value }
    guard let keys = section.mapping else {
      found.append(SuiteProblem(.error, path, "teuthology must be a mapping, not a \(section.kind)"))
      return nil
    }
    if let premerge = keys["premerge"], premerge.isTruthy { checkPremerge(premerge, path, text) }
    if let postmerge = keys["postmerge"], !postmerge.isNull { checkPostmerge(postmerge, path) }
    return value
  }

  private mutating func checkPremerge(_ script: YAMLValue, _ path: String, _ text: String) {
    guard let script = script.string else {
      found.append(SuiteProblem(.error, path, "teuthology.premerge must be a text, not a \(script.kind)"))
      return
    }
    let start = ScalarLocation(of: ["teuthology", "premerge"], in: text)?.firstLine
    if let error = parse(script) {
      found.append(
        SuiteProblem(.error, path, line: Self.line(start, error.line, of: script), "premerge: \(error.message)"))
      return
    }
    if ScriptPaths(script).neverAccept {
      found.append(SuiteProblem(.warning, path, line: start, "this premerge script never accepts"))
    }
    for finding in unknownNames?.findings(in: script, isPostmerge: false) ?? [] {
      let line = Self.line(start, finding.line, of: script)
      found.append(SuiteProblem(.warning, path, line: line, "premerge: \(finding.message)"))
    }
  }

  private mutating func checkPostmerge(_ scripts: YAMLValue, _ path: String) {
    guard let items = scripts.sequence else {
      found.append(SuiteProblem(.error, path, "teuthology.postmerge must be a list of texts, not a \(scripts.kind)"))
      return
    }
    for (number, item) in items.enumerated() {
      guard let script = item.string else {
        found.append(SuiteProblem(.error, path, "teuthology.postmerge[\(number)] must be a text, not a \(item.kind)"))
        continue
      }
      if let error = parse(script) {
        let line = error.line.map { ", line \($0)" } ?? ""
        found.append(SuiteProblem(.error, path, "teuthology.postmerge[\(number)]\(line): \(error.message)"))
      }
      unknownNames?.note(script)
      postmergeTexts.append((path, "teuthology.postmerge[\(number)]", script))
    }
  }

  /// The line of the file for a line of a script that begins at a line. Lua finds out behind the last line break that
  /// something is missing.
  private static func line(_ start: Int?, _ line: Int?, of script: String) -> Int? {
    let lineFeed = UInt8(ascii: "\n")
    let count = script.utf8.count { $0 == lineFeed } + (script.utf8.last == lineFeed ? 0 : 1)
    return start.map { $0 + min(line ?? 1, max(count, 1)) - 1 }
  }

  /// Notes what a fragment brings into jobs; a file stands in as many places as links lead to it.
  private mutating func note(_ fragment: Int32, _ value: YAMLValue) {
    var value = value
    var hasPremerge = false
    if var mapping = value.mapping, var section = mapping["teuthology"]?.mapping {
      hasPremerge = section.removeValue(forKey: "premerge")?.isTruthy == true
      if let scripts = section["postmerge"]?.sequence {
        postmerges.add(fragment, scripts.compactMap(\.string))
      } else {
        // Another problem says so.
        section.removeValue(forKey: "postmerge")
      }
      mapping["teuthology"] = .mapping(section)
      value = .mapping(mapping)
    }
    clashes.add(fragment, value, hasPremerge: hasPremerge)
  }
}
