import Suite

/// Scripts of the tests. What a script does is looked up by its text; one that is not there accepts.
///
/// Of a script of several lines, each line is looked up, and a line rejects with its own number.
final class FakeScripts: FragmentScripts {
  typealias Action = (ScriptContext) -> Bool

  let actions: [String: Action]
  private(set) var premerges: [String] = []
  private(set) var postmerges: [String] = []
  private(set) var prepared: [ScriptText] = []

  init(_ actions: [String: Action] = [:]) { self.actions = actions }

  func begin(_ context: ScriptContext) {}

  func prepare(_ script: ScriptText, _ stage: MergeStage) throws(ScriptFailure) {
    prepared.append(script)
    if script.text == "no Lua" { throw ScriptFailure(stage: stage, line: 1, message: "syntax error") }
  }

  func run(_ script: ScriptText, _ context: ScriptContext) throws(ScriptFailure) -> ScriptDecision {
    if context.stage == .premerge { premerges.append(script.text) } else { postmerges.append(script.text) }
    for (position, line) in script.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1).map(String.init)
      switch words.first {
      case "reject": return .reject(line: position + 1, reason: words.count > 1 ? words[1] : nil)
      case "false": return .reject()
      case "fail": throw ScriptFailure(stage: context.stage, line: position + 1, message: "failed")
      default:
        if let action = actions[String(line)], !action(context) { return .reject() }
      }
    }
    return .accept
  }

  func find(_ pattern: String, in text: String) throws(ScriptFailure) -> Bool {
    if pattern == "%" { throw ScriptFailure(stage: .postmerge, message: "malformed pattern") }
    return text.contains(pattern)
  }
}

func fragments(_ texts: [(String, String)]) throws -> [Fragment] {
  try texts.map { try Fragment(path: "/f/\($0.0)", name: $0.0, text: $0.1) }
}

/// A merge of texts as one job.
final class OneJob {
  let merge: FragmentMerge
  let scripts: FakeScripts
  let fragments: [Int32]

  init(
    _ texts: [(String, String)], over base: YAMLValue = nil, filters: PlanFilters = PlanFilters(),
    scripts: FakeScripts = FakeScripts()
  ) throws {
    self.scripts = scripts
    let merge = try FragmentMerge(MergeSetup(base: base, filters: filters), scripts: scripts)
    self.merge = merge
    fragments = texts.map { merge.add(path: "/f/\($0.0)", text: $0.1) }
  }

  func run(_ description: String = "") throws -> JobOutcome {
    try merge.merge(text: Array(description.utf8), fragments: fragments)
  }

  var yaml: YAMLValue { get throws { try merge.value() } }
}
