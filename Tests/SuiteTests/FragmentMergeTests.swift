import Suite
import Testing

@Suite("Merging fragments") struct FragmentMergeTests {
  @Test func fragmentsMergeInOrderOverTheBase() throws {
    let merged = try accepted(
      [("a.yaml", "tasks: [a]\nkernel: {client: {sha1: x}}"), ("b.yaml", "tasks: [b]\nkernel: {kdb: 1}")],
      over: ["tasks": ["base"]])
    #expect(
      merged.yaml.json() == """
        {"tasks":["base","a","b"],"teuthology":{"fragments_dropped":[],"meta":{},"postmerge":[]},\
        "kernel":{"client":{"sha1":"x"},"kdb":1}}
        """)
    #expect(merged.used == ["/f/a.yaml", "/f/b.yaml"])
    #expect(merged.dropped.isEmpty)
  }

  @Test func premergeIsTakenOutAndSeesWhatIsMergedSoFar() throws {
    var seen: [YAMLValue?] = []
    var scripts = FakeScripts([
      "look": { context throws(MergeError) in
        seen = [context.yaml["x"], context.yamlFragment, context.baseConfig["x"]]
        #expect(context.fragmentPath == "/f/b.yaml")
        #expect(context.fragmentPaths == ["/f/a.yaml", "/f/b.yaml"])
        return true
      }
    ])
    let result = try FragmentMerge.merge(
      fragments([("a.yaml", "x: 1"), ("b.yaml", "teuthology: {premerge: look, meta: {k: 1}}\ny: 2")]),
      over: ["x": 0], scripts: &scripts)
    #expect(seen == [1, ["teuthology": ["meta": ["k": 1]], "y": 2], 0])
    #expect(scripts.premerges == ["look"])
    guard case .accepted(let merged) = result else {
      Issue.record("rejected")
      return
    }
    #expect(merged.yaml["teuthology"]?.json() == #"{"fragments_dropped":[],"meta":{"k":1},"postmerge":[]}"#)
  }

  @Test func aRejectedFragmentIsDroppedAndNoted() throws {
    let merged = try accepted([
      ("a.yaml", "x: 1"), ("b.yaml", "x: 2\nteuthology:\n  premerge: |\n    local y\n    reject no /dev/kvm\n"),
      ("c.yaml", "teuthology: {premerge: 'false'}\ny: 3"),
    ])
    #expect(merged.yaml["x"] == 1)
    #expect(merged.yaml["y"] == nil)
    #expect(merged.yaml["teuthology"]?["fragments_dropped"] == ["/f/b.yaml", "/f/c.yaml"])
    #expect(merged.used == ["/f/a.yaml"])
    #expect(
      merged.dropped.map(\.description) == [
        "/f/b.yaml:5: no /dev/kvm", "/f/c.yaml, premerge: its premerge script rejects it",
      ])
    #expect(merged.dropped[0].line == 2)
    #expect(merged.dropped[0].source == "reject no /dev/kvm")
  }

  @Test func scriptsChangeWhatIsMerged() throws {
    let merged = try accepted(
      [("a.yaml", "teuthology: {premerge: change, postmerge: [finish]}\nx: 1")],
      scripts: [
        "change": { context throws(MergeError) in
          context.yamlFragment = ["x": 5, "teuthology": context.yamlFragment?["teuthology"] ?? [:]]
          context.yaml = ["was": "here", "teuthology": context.yaml["teuthology"] ?? [:]]
          return true
        },
        "finish": { context throws(MergeError) in
          #expect(context.yamlFragment == nil)
          #expect(context.fragmentPath == nil)
          try? deepMerge(into: &context.yaml, from: ["end": context.yaml["x"] ?? nil])
          return true
        },
      ])
    #expect(merged.yaml["was"] == "here")
    #expect(merged.yaml["x"] == 5)
    #expect(merged.yaml["end"] == 5)
  }

  @Test func postmergeScriptsRunJoined() throws {
    var scripts = FakeScripts()
    let texts = [
      ("a.yaml", "teuthology: {postmerge: [\"one\\ntwo\", three]}"), ("b.yaml", "teuthology: {postmerge: [four]}"),
    ]
    _ = try FragmentMerge.merge(fragments(texts), over: nil, scripts: &scripts)
    #expect(scripts.postmerges == ["one\ntwo\nthree\nfour"])

    _ = try FragmentMerge.merge([], over: nil, scripts: &scripts)
    #expect(scripts.postmerges.last == "")
  }

  @Test func aPostmergeRejectionNamesTheFragmentOfItsLine() throws {
    var scripts = FakeScripts()
    let result = try FragmentMerge.merge(
      fragments([
        ("a.yaml", "teuthology: {postmerge: [\"one\\ntwo\", three]}"), ("b.yaml", "teuthology: {postmerge: [reject]}"),
      ]), over: nil, scripts: &scripts)
    #expect(
      result
        == .rejected(by: .init(stage: .postmerge, fragment: "/f/b.yaml", line: 4, source: "reject")))
  }

  @Test func emptyFragmentsAreSkippedAndEmptyPremergesDoNotRun() throws {
    let merged = try accepted([
      ("a.yaml", "# nothing"), ("b.yaml", "teuthology: {premerge: }\nx: 1"), ("c.yaml", "teuthology: {premerge: ''}"),
    ])
    #expect(merged.used == ["/f/b.yaml", "/f/c.yaml"])
  }

  @Test(arguments: [
    ("[a]", "/f/a.yaml: the top level must be a mapping, not sequence"),
    ("teuthology: ", "/f/a.yaml: teuthology must be a mapping, not null"),
    ("teuthology: {premerge: [reject]}", "/f/a.yaml: teuthology.premerge must be a text, not sequence"),
    ("teuthology: {postmerge: reject}", "/f/a.yaml: teuthology.postmerge: cannot merge string into sequence"),
    ("teuthology: {postmerge: [5]}", "/f/a.yaml: teuthology.postmerge[0] must be a text, not integer"),
    ("x: {y: 1}", "/f/a.yaml: x: cannot merge mapping into sequence"),
    ("teuthology:\n  premerge: |\n    x\n    fail", "/f/a.yaml:4: failed"),
    ("teuthology: {postmerge: [x, fail]}", "/f/a.yaml, postmerge line 2: failed"),
  ])
  func mistakesNameTheirFragment(text: String, expected: String) throws {
    var scripts = FakeScripts()
    let all = try fragments([("a.yaml", text)])
    let error = #expect(throws: MergeError.self) {
      try FragmentMerge.merge(all, over: ["x": []], scripts: &scripts)
    }
    #expect(error?.description == expected)
  }

  @Test func theBaseMustBeAMapping() throws {
    let error = #expect(throws: MergeError.self) { try FragmentMerge(base: "text") }
    #expect(error?.description == "the base configuration: the top level must be a mapping, not string")
  }

  @Test func basePathsBeginAfterTheSuites() throws {
    let merge = try FragmentMerge(base: nil, fragmentPaths: ["/q/suites/fs/a.yaml", "/suites/b.yaml", "c.yaml"])
    #expect(merge.context.baseFragmentPaths == ["fs/a.yaml", "/suites/b.yaml", "c.yaml"])
  }

  private func accepted(
    _ texts: [(String, String)], over base: YAMLValue = nil, scripts actions: [String: FakeScripts.Action] = [:]
  ) throws -> Merged {
    var scripts = FakeScripts(actions)
    let result = try FragmentMerge.merge(fragments(texts), over: base, scripts: &scripts)
    guard case .accepted(let merged) = result else { throw NotAccepted(result: result) }
    return merged
  }

  struct NotAccepted: Error { let result: MergeResult }
}
