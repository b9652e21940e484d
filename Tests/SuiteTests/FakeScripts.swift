import Suite

/// Scripts of the tests. What a script does is looked up by its text; one that is not there accepts.
///
/// Of a script of several lines, each line is looked up, and a line rejects with its own number.
struct FakeScripts: FragmentScripts {
  typealias Action = (inout MergeContext) throws(MergeError) -> Bool

  var actions: [String: Action] = [:]
  private(set) var premerges: [String] = []
  private(set) var postmerges: [String] = []

  init(_ actions: [String: Action] = [:]) { self.actions = actions }

  mutating func premerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool {
    premerges.append(script)
    return try run(script, .premerge, &context)
  }

  mutating func postmerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool {
    postmerges.append(script)
    return try run(script, .postmerge, &context)
  }

  private func run(_ script: String, _ stage: MergeStage, _ context: inout MergeContext) throws(MergeError) -> Bool {
    for (position, line) in script.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1).map(String.init)
      switch words.first {
      case "reject":
        context.reject(line: position + 1, reason: words.count > 1 ? words[1] : nil)
        return false
      case "false": return false
      case "fail":
        throw .script(ScriptFailure(stage: stage, line: position + 1, message: "failed"))
      default:
        if let action = actions[String(line)], try !action(&context) { return false }
      }
    }
    return true
  }
}

func fragments(_ texts: [(String, String)]) throws -> [Fragment] {
  try texts.map { try Fragment(path: "/f/\($0.0)", name: $0.0, text: $0.1) }
}
