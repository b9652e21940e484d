/// Looks for what is wrong with a suite without making its jobs: broken links and folders in which nothing counts, mistakes
/// in YAML and in scripts, scripts that can only reject, and fragments that can meet in a job and cannot be merged.
///
/// - Parameters:
///   - folder: the suite's folder, as for `SuiteMatrix`.
///   - nestedSubsets: whether the numbers in `%` count.
///   - parse: says what is wrong with the syntax of a script; nil when nothing is.
/// - Returns: the problems, and of what was read how many fragments there are, a file with several links once.
public func checkSuite(
  folder: String, nestedSubsets: Bool = true, parse: @escaping (_ script: String) -> ScriptSyntaxError?
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
  var fragments = FragmentCheck(matrix: matrix, parse: parse)
  problems += fragments.problems()
  return (problems, fragments.count)
}

/// Reads and checks the fragments of a matrix.
private struct FragmentCheck {
  let matrix: SuiteMatrix
  let parse: (_ script: String) -> ScriptSyntaxError?
  var count = 0
  private var found: [SuiteProblem] = []
  private var clashes = FragmentClashes()
  /// The fragments with postmerge scripts, and those of them that must come last, with the line of their return.
  private var postmerges: [(fragment: Int32, mustBeLast: Bool)] = []
  private var mayAcceptEarly = false

  init(matrix: SuiteMatrix, parse: @escaping (_ script: String) -> ScriptSyntaxError?) {
    self.matrix = matrix
    self.parse = parse
  }

  mutating func problems() -> [SuiteProblem] {
    var read: [SuiteFolder.Identity: YAMLValue?] = [:]
    var rejecting: [(path: String, line: Int?)] = []
    for (number, path) in matrix.files.enumerated() {
      guard let identity = SuiteFolder.identity(of: path) else { continue }
      if let known = read[identity] {
        if let known { note(Int32(number), known) }
        continue
      }
      count += 1
      let value = fragment(path, &rejecting)
      read[identity] = value
      if let value { note(Int32(number), value) }
    }
    if !mayAcceptEarly {
      for (path, line) in rejecting {
        found.append(SuiteProblem(.warning, path, line: line, "this postmerge script rejects every job that has it"))
      }
    }
    returnsBeforeOthers()
    return found + clashes.problems(matrix)
  }

  /// Reads a fragment and looks at its scripts.
  /// - Returns: nil when it has nothing to merge, or is wrong.
  private mutating func fragment(_ path: String, _ rejecting: inout [(path: String, line: Int?)]) -> YAMLValue? {
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
    if let postmerge = keys["postmerge"], !postmerge.isNull { checkPostmerge(postmerge, path, text, &rejecting) }
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
    } else if FirstStatement.rejectsAtOnce(script) {
      found.append(SuiteProblem(.warning, path, line: start, "this premerge script never accepts"))
    }
  }

  private mutating func checkPostmerge(
    _ scripts: YAMLValue, _ path: String, _ text: String, _ rejecting: inout [(path: String, line: Int?)]
  ) {
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
      } else if FirstStatement.rejectsAtOnce(script) {
        rejecting.append((path, nil))
      }
      for word in ["accept", "reject =", "function reject"] where script.utf8.count > word.utf8.count {
        if Self.contains(script, word) { mayAcceptEarly = true }
      }
    }
  }

  /// The line of the file for a line of a script that begins at a line. Lua finds out behind the last line break that
  /// something is missing.
  private static func line(_ start: Int?, _ line: Int?, of script: String) -> Int? {
    let lineFeed = UInt8(ascii: "\n")
    let count = script.utf8.count { $0 == lineFeed } + (script.utf8.last == lineFeed ? 0 : 1)
    return start.map { $0 + min(line ?? 1, max(count, 1)) - 1 }
  }

  private static func contains(_ text: String, _ part: String) -> Bool {
    let (bytes, part) = (Array(text.utf8), Array(part.utf8))
    return bytes.indices.contains { bytes[$0...].starts(with: part) }
  }

  /// Notes what a fragment brings into jobs; a file stands in as many places as links lead to it.
  private mutating func note(_ fragment: Int32, _ value: YAMLValue) {
    var value = value
    var hasPremerge = false
    if var mapping = value.mapping, var section = mapping["teuthology"]?.mapping {
      hasPremerge = section.removeValue(forKey: "premerge")?.isTruthy == true
      let texts = section["postmerge"]?.sequence?.compactMap(\.string) ?? []
      if let last = texts.last {
        postmerges.append((fragment, parse(last) == nil && parse(last + "\nlocal _") != nil))
      }
      mapping["teuthology"] = .mapping(section)
      value = .mapping(mapping)
    }
    clashes.add(fragment, value, hasPremerge: hasPremerge)
  }

  /// All postmerge scripts of a job are one, in which a return must be the last statement.
  private mutating func returnsBeforeOthers() {
    guard postmerges.contains(where: \.mustBeLast) else { return }
    let meetings = Meetings(matrix)
    for (number, first) in postmerges.enumerated() where first.mustBeLast {
      guard let second = postmerges[(number + 1)...].first(where: { meetings.canMeet(first.fragment, $0.fragment) })
      else {
        continue
      }
      found.append(
        SuiteProblem(
          .error, matrix.files[Int(first.fragment)],
          "its postmerge script ends with a return, but that of \(matrix.files[Int(second.fragment)]) follows it in one"
            + " script"))
    }
  }
}
