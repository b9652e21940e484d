import Suite
import SuiteScripts
import Testing

/// What became of a job of one fragment with a script.
enum Ran: Equatable, CustomStringConvertible {
  case accepted(String)
  case rejected
  case failed(String)

  var description: String {
    switch self {
    case .accepted(let json): json
    case .rejected: "rejected"
    case .failed(let message): message
    }
  }

  var isFailure: Bool { if case .failed = self { true } else { false } }
}

/// Jobs with scripts, in one merge.
final class ScriptJobs {
  let merge: FragmentMerge
  let scripts = LuaScripts()

  init(
    base: YAMLValue = ["kernel": ["branch": "wip-foo", "kdb": 1, "sha1": "abc"]], seed: Int = 1,
    globals: [String: YAMLValue] = [:]
  ) throws {
    merge = try FragmentMerge(MergeSetup(base: base, suiteName: "fs", seed: seed, globals: globals), scripts: scripts)
  }

  /// Runs a script at one of the two places where it can stand.
  func run(_ script: String, yaml: String, at stage: MergeStage) throws -> Ran {
    stage == .postmerge ? try run(script, yaml: yaml) : try run("", yaml: yaml, premerge: script)
  }

  /// Runs a postmerge script of a fragment that says `yaml` besides.
  func run(_ script: String, yaml: String = "{}", premerge: String? = nil) throws -> Ran {
    // In JSON, which is YAML: any text comes through.
    let premerge = premerge.map { #""premerge": \#(YAMLValue.string($0).json()), "# } ?? ""
    let text = "\(yaml)\n"
    let data = merge.add(path: "/q/suites/fs/a.yaml", text: text)
    let code = merge.add(
      path: "/q/suites/fs/b.yaml",
      text: "{teuthology: {\(premerge)\"postmerge\": [\(YAMLValue.string(script).json())]}}")
    do {
      switch try merge.merge(text: Array("{a b}".utf8), fragments: [data, code]) {
      case .rejected: return .rejected
      case .merged:
        guard case .mapping(var mapping) = try merge.value() else { return .failed("no mapping") }
        mapping["teuthology"] = nil
        if mapping["kernel"] == ["branch": "wip-foo", "kdb": 1, "sha1": "abc"] { mapping["kernel"] = nil }
        return .accepted(YAMLValue.mapping(mapping).json())
      }
    } catch let failure as JobFailure {
      return .failed(failure.error.description)
    }
  }
}

func run(_ script: String, _ yaml: String = "{}", at stage: MergeStage = .postmerge) throws -> Ran {
  try ScriptJobs().run(script, yaml: yaml, at: stage)
}

extension MergeStage {
  static let both = [MergeStage.premerge, .postmerge]
}
