import Suite
import Testing

@Suite("Merging fragments") struct FragmentMergeTests {
  @Test func fragmentsMergeInOrderOverTheBase() throws {
    let job = try OneJob(
      [("a.yaml", "tasks: [a]\nkernel: {client: {sha1: x}}"), ("b.yaml", "tasks: [b]\nkernel: {kdb: 1}")],
      over: ["tasks": ["base"]])
    #expect(try job.run() == .merged)
    #expect(
      try job.yaml.json() == """
        {"tasks":["base","a","b"],"teuthology":{"fragments_dropped":[],"meta":{},"postmerge":[]},\
        "kernel":{"client":{"sha1":"x"},"kdb":1}}
        """)
    #expect(job.merge.usedFragments == [0, 1])
    #expect(job.merge.droppedFragments.isEmpty)
  }

  @Test func premergeIsTakenOutAndSeesWhatIsMergedSoFar() throws {
    var seen: [YAMLValue?] = []
    let scripts = FakeScripts([
      "look": { context in
        let heap = context.heap
        seen = [(try? heap.value(of: context.yaml))?["x"], try? heap.value(of: context.fragment)]
        seen.append((try? heap.value(of: context.baseConfig))?["x"])
        #expect(context.paths.map(heap.string(of:)) == ["/f/a.yaml", "/f/b.yaml"])
        return true
      }
    ])
    let job = try OneJob(
      [("a.yaml", "x: 1"), ("b.yaml", "teuthology: {premerge: look, meta: {k: 1}}\ny: 2")], over: ["x": 0],
      scripts: scripts)
    #expect(try job.run() == .merged)
    #expect(seen == [1, ["teuthology": ["meta": ["k": 1]], "y": 2], 0])
    #expect(scripts.premerges == ["look"])
    #expect(try job.yaml["teuthology"]?.json() == #"{"fragments_dropped":[],"meta":{"k":1},"postmerge":[]}"#)
  }

  @Test func aRejectedFragmentIsDroppedAndNoted() throws {
    let job = try OneJob([
      ("a.yaml", "x: 1"), ("b.yaml", "x: 2\nteuthology:\n  premerge: |\n    local y\n    reject no /dev/kvm\n"),
      ("c.yaml", "teuthology: {premerge: 'false'}\ny: 3"),
    ])
    #expect(try job.run() == .merged)
    #expect(try job.yaml["x"] == 1)
    #expect(try job.yaml["y"] == nil)
    #expect(try job.yaml["teuthology"]?["fragments_dropped"] == ["/f/b.yaml", "/f/c.yaml"])
    #expect(job.merge.usedFragments == [0])
    let dropped = job.merge.droppedFragments
    #expect(
      dropped.map(\.description) == [
        "/f/b.yaml:5: no /dev/kvm", "/f/c.yaml, premerge: its premerge script rejects it",
      ])
    #expect(dropped[0].line == 2)
    #expect(dropped[0].source == "reject no /dev/kvm")
  }

  @Test func scriptsChangeWhatIsMerged() throws {
    let job = try OneJob(
      [("a.yaml", "teuthology: {premerge: change, postmerge: [finish]}\nx: 1")],
      scripts: FakeScripts([
        "change": { context in
          context.heap.set(.integer(5), in: context.fragment, for: context.heap.text("x"))
          context.heap.set(context.heap.text("here"), in: context.yaml, for: context.heap.text("was"))
          return true
        },
        "finish": { context in
          #expect(context.fragment.isNone)
          let x = context.heap.value(context.yaml, for: "x") ?? .none
          context.heap.set(x, in: context.yaml, for: context.heap.text("end"))
          return true
        },
      ]))
    for _ in 0..<2 {
      // What a script changes in a fragment it changes for its job only.
      #expect(try job.run() == .merged)
      #expect(try job.yaml["was"] == "here")
      #expect(try job.yaml["x"] == 5)
      #expect(try job.yaml["end"] == 5)
    }
  }

  @Test func postmergeScriptsRunJoined() throws {
    let job = try OneJob([
      ("a.yaml", "teuthology: {postmerge: [\"one\\ntwo\", three]}"), ("b.yaml", "teuthology: {postmerge: [four]}"),
    ])
    _ = try job.run()
    #expect(job.scripts.postmerges == ["one\ntwo\nthree\nfour"])
  }

  @Test func aPostmergeRejectionNamesTheFragmentAndItsLine() throws {
    let job = try OneJob([
      ("a.yaml", "teuthology: {postmerge: [\"one\\ntwo\", three]}"),
      ("b.yaml", "teuthology:\n  postmerge:\n  - |\n    x\n    reject\n"),
    ])
    #expect(try job.run() == .rejected)
    let rejection = job.merge.rejection
    #expect(rejection?.description == "/f/b.yaml:5: reject")
    #expect(rejection?.line == 5)
  }

  @Test func emptyFragmentsAreSkippedAndEmptyPremergesDoNotRun() throws {
    let job = try OneJob([
      ("a.yaml", "# nothing"), ("b.yaml", "teuthology: {premerge: }\nx: 1"), ("c.yaml", "teuthology: {premerge: ''}"),
    ])
    #expect(try job.run() == .merged)
    #expect(job.merge.usedFragments == [1, 2])
    #expect(job.scripts.prepared.isEmpty)
  }

  @Test(arguments: [
    ("[a]", "/f/a.yaml: the top level must be a mapping, not sequence"),
    ("teuthology: ", "/f/a.yaml: teuthology must be a mapping, not null"),
    ("teuthology: {premerge: [reject]}", "/f/a.yaml: teuthology.premerge must be a text, not sequence"),
    ("teuthology: {postmerge: reject}", "/f/a.yaml: teuthology.postmerge: cannot merge string into sequence"),
    ("teuthology: {postmerge: [5]}", "/f/a.yaml: teuthology.postmerge[0] must be a text, not integer"),
    ("x: {y: 1}", "/f/a.yaml: x: cannot merge mapping into sequence"),
    ("teuthology:\n  premerge: |\n    x\n    fail", "/f/a.yaml:4: failed"),
    ("teuthology:\n  premerge: no Lua", "/f/a.yaml:2: syntax error"),
    ("teuthology:\n  postmerge: [x,\n    fail]", "/f/a.yaml:3: failed"),
  ])
  func mistakesNameTheirFragmentAndTheJob(text: String, expected: String) throws {
    let job = try OneJob([("a.yaml", text)], over: ["x": []])
    let error = #expect(throws: JobFailure.self) { try job.run("{a}") }
    #expect(error?.error.description == expected)
    #expect(error?.description == "\(expected)\n  in the job {a}")
  }

  @Test func aBadJobLeavesTheNextOneAlone() throws {
    let scripts = FakeScripts()
    let merge = try FragmentMerge(MergeSetup(base: ["x": []]), scripts: scripts)
    let bad = merge.add(path: "bad.yaml", text: "x: {}")
    let good = merge.add(path: "good.yaml", text: "x: [1]")
    #expect(throws: JobFailure.self) { try merge.merge(text: [], fragments: [bad, good]) }
    #expect(try merge.merge(text: [], fragments: [good]) == .merged)
    #expect(try merge.value()["x"] == [1])
  }

  @Test func theBaseMustBeAMapping() throws {
    let error = #expect(throws: MergeError.self) { try FragmentMerge(MergeSetup(base: "text"), scripts: FakeScripts()) }
    #expect(error?.description == "the base configuration: the top level must be a mapping, not string")
  }

  @Test func basePathsBeginAfterTheSuites() throws {
    var seen: [String?] = []
    let scripts = FakeScripts([
      "look": { context in
        seen = context.basePaths.map(context.heap.string(of:))
        return true
      }
    ])
    let merge = try FragmentMerge(MergeSetup(), scripts: scripts)
    let numbers = ["/q/suites/fs/a.yaml", "/suites/b.yaml", "c.yaml"].map {
      merge.add(path: $0, text: "teuthology: {postmerge: [look]}")
    }
    _ = try merge.merge(text: [], fragments: numbers)
    #expect(seen == ["fs/a.yaml", "/suites/b.yaml", "c.yaml"])
  }

  @Test func whatAScriptDoesToTheBaseLastsForTheJobsThatFollow() throws {
    let scripts = FakeScripts([
      "change": { context in
        let heap = context.heap
        let count = heap.value(context.baseConfig, for: "n")?.integerValue ?? 0
        heap.set(.integer(count + 1), in: context.baseConfig, for: heap.text("n"))
        // A node of the job that lives on in the base.
        heap.set(
          heap.object(["k": [.integer(count), "a text of this job"]]), in: context.baseConfig, for: heap.text("kept"))
        return true
      }
    ])
    let job = try OneJob([("a.yaml", "teuthology: {postmerge: [change]}")], over: ["n": 0], scripts: scripts)
    for number in 0..<50 {
      #expect(try job.run("job number \(number)") == .merged)
      #expect(try job.yaml["n"] == .integer(number))
      #expect(try job.yaml["kept"] == (number == 0 ? nil : ["k": [.integer(number - 1), "a text of this job"]]))
    }
    _ = try job.run()
    #expect(job.merge.changedBase)
  }

  @Test func whatTheBasesAnchorsShareIsShared() throws {
    let text = "m: &m {x: 1}\nn: *m\nk: 1"
    var setup = MergeSetup(base: ["m": ["x": 1], "n": ["x": 1], "k": 2])
    setup.baseText = text
    let scripts = FakeScripts([
      "change": { context in
        let heap = context.heap
        heap.set(.integer(5), in: heap.value(context.yaml, for: "m") ?? .none, for: heap.text("x"))
        return true
      }
    ])
    let merge = try FragmentMerge(setup, scripts: scripts)
    let fragment = merge.add(path: "a.yaml", text: "teuthology: {postmerge: [change]}")
    _ = try merge.merge(text: [], fragments: [fragment])
    #expect(try merge.value()["n"] == ["x": 5])
    #expect(try merge.value()["k"] == 2)
    // The base itself stays.
    _ = try merge.merge(text: [], fragments: [])
    #expect(try merge.value()["n"] == ["x": 1])
  }

  @Test func aFragmentTwiceInAJobIsCopiedTwice() throws {
    let scripts = FakeScripts([
      "change": { context in
        let list = context.heap.own(context.heap.value(context.fragment, for: "l") ?? .none)
        let item = context.heap.own(context.heap.item(list, at: 0))
        let count = context.heap.count(context.heap.value(context.yaml, for: "l") ?? context.heap.makeList())
        context.heap.set(.integer(count), in: item, for: context.heap.text("n"))
        return true
      }
    ])
    let merge = try FragmentMerge(MergeSetup(), scripts: scripts)
    let twice = merge.add(path: "a.yaml", text: "teuthology: {premerge: change}\nl: [{x: 1}]")
    #expect(try merge.merge(text: [], fragments: [twice, twice]) == .merged)
    #expect(try merge.value()["l"] == [["x": 1, "n": 0], ["x": 1, "n": 1]])
  }

  @Test func aJobIsOneLineOfJSONWithSortedKeys() throws {
    let job = try OneJob([
      (
        "b.yaml",
        "z: {2024-01-02: 1.50, 1: yes, ~: x}\na: [\"q\\\"\\u00e9\\t\", 12345678901234567890, 1.0e+16, 2024-01-02]"
      ),
      ("c.yaml", "teuthology: {premerge: reject}"),
    ])
    _ = try job.run("{b c}")
    var output = ByteBuffer()
    try job.merge.appendJSON(to: &output, relativeTo: "/f")
    #expect(
      output.text == """
        {"description":"{b c}","fragments":["b.yaml","c.yaml"],"job":{"a":["q\\"é\\t",12345678901234567890,1e+16,\
        "2024-01-02"],"teuthology":{"fragments_dropped":["c.yaml"],"meta":{},"postmerge":[]},\
        "z":{"1":true,"2024-01-02":1.5,"null":"x"}}}

        """)
  }

  @Test func whatAScriptChangesThroughAnAnchorIsWrittenWhereverItIsShared() throws {
    let scripts = FakeScripts([
      "change": { context in
        let heap = context.heap
        let list = heap.own(heap.value(context.yaml, for: "a") ?? .none)
        heap.set(.integer(2), in: heap.own(heap.item(list, at: 0)), for: heap.text("k"))
        return true
      }, "leave": { _ in true },
    ])
    let merge = try FragmentMerge(MergeSetup(), scripts: scripts)
    let text = "a: [&x {k: 1}]\nb: [[*x]]\nteuthology: {postmerge: "
    let changes = merge.add(path: "a.yaml", text: text + "[change]}")
    let leaves = merge.add(path: "b.yaml", text: text + "[leave]}")
    for fragment in [leaves, changes, leaves, changes] {
      var output = ByteBuffer()
      _ = try merge.merge(text: [], fragments: [fragment])
      try merge.appendJSON(to: &output)
      let number = fragment == changes ? 2 : 1
      #expect(output.text.contains(#""a":[{"k":\#(number)}],"b":[[{"k":\#(number)}]]"#))
    }
  }

  @Test func aTraceSaysWhatEachFragmentDid() throws {
    let job = try OneJob(
      [
        ("a.yaml", "tasks: [x, y]\nos: b"), ("b.yaml", "# nothing"), ("c.yaml", "teuthology: {premerge: reject no}"),
        ("d.yaml", "os: c\nnew: {k: 1}"),
      ], over: ["tasks": ["z"]])
    let trace = MergeTrace(for: job.merge)
    job.merge.trace = trace
    _ = try job.run()
    #expect(trace.steps.map(\.path) == ["/f/a.yaml", "/f/b.yaml", "/f/c.yaml", "/f/d.yaml"])
    guard case .merged(let first) = trace.steps[0].result, case .merged(let last) = trace.steps[3].result else {
      Issue.record("not merged")
      return
    }
    #expect(first.map(\.description) == ["appends 2 to tasks", "adds os"])
    #expect(last.map(\.description) == ["changes os, which was b", "adds new"])
    #expect(trace.steps[1].result == .empty)
    guard case .dropped(let rejection) = trace.steps[2].result else {
      Issue.record("not dropped")
      return
    }
    #expect(rejection.reason == "no")
  }
}

@Suite("Filters of jobs") struct MergeFilterTests {
  @Test(
    arguments: [
      (["k-testing"], [], [], "fs/{k-testing}", nil),
      (["k-testing"], [], [], "fs/{kktesting}", "it does not match --filter k-testing"),
      (["x", ""], [], [], "fs/{a}", nil),
      ([], ["a"], [], "fs/{a}", "it matches --filter-out a"),
      ([], [], ["a", "b"], "fs/{a}", "it does not match --filter-all b"),
      (["b"], [], ["b"], "fs/{a}", "it does not match --filter-all b"),
    ] as [([String], [String], [String], String, String?)])
  func descriptionsAreSearchedAsPlainText(
    any: [String], none: [String], all: [String], description: String, expected: String?
  ) throws {
    var filters = PlanFilters()
    (filters.any, filters.none, filters.all) = (any, none, all)
    let job = try OneJob([("a.yaml", "x: 1")], filters: filters)
    #expect(try job.run(description) == (expected == nil ? .merged : .rejected))
    #expect(job.merge.rejection?.reason == expected)
    #expect(job.merge.rejection?.isFilter == (expected == nil ? nil : true))
  }

  @Test func filtersRunBeforeEveryScript() throws {
    var filters = PlanFilters()
    filters.any = ["b"]
    let job = try OneJob(
      [("a.yaml", "teuthology: {premerge: one, postmerge: [two]}\nx: 1")], filters: filters)
    #expect(try job.run("a") == .rejected)
    #expect(job.scripts.premerges.isEmpty && job.scripts.postmerges.isEmpty)
    // Compiled they are all the same: a mistake in them ends the run.
    #expect(job.scripts.prepared.map(\.text) == ["one"])
    #expect(job.merge.usedFragments.isEmpty)
  }

  @Test func fragmentsAreLookedAtWhenAsked() throws {
    var filters = PlanFilters()
    filters.any = ["a.yaml"]
    #expect(try OneJob([("a.yaml", "")], filters: filters).run("x") == .rejected)
    filters.looksAtFragments = true
    #expect(try OneJob([("a.yaml", "")], filters: filters).run("x") == .merged)
    filters.any = ["%"]
    #expect(throws: JobFailure.self) { try OneJob([("a.yaml", "")], filters: filters).run("x") }
  }

  @Test(
    arguments: [
      ("centos", "os_type: ubuntu", "its os_type is ubuntu, not centos"), ("centos", "os_type: centos", nil),
      ("centos", "x: 1", nil),
    ] as [(String, String, String?)])
  func theDistributionMustBeTheWantedOne(wanted: String, fragment: String, expected: String?) throws {
    let job = try OneJob([("a.yaml", fragment)], over: ["os_type": .string(wanted)])
    _ = try job.run()
    #expect(job.merge.rejection?.reason == expected)
  }

  @Test(
    arguments: [
      ("9", "os_version: 9.stream", nil), ("9.stream", "os_version: '9'", nil),
      ("9", "os_version: 8.stream", "its os_version is 8.stream, not 9"), ("20.04", "os_version: 20.04", nil),
    ] as [(YAMLValue, String, String?)])
  func streamsOfAVersionAreTheVersion(wanted: YAMLValue, fragment: String, expected: String?) throws {
    let job = try OneJob([("a.yaml", fragment)], over: ["os_version": wanted])
    _ = try job.run()
    #expect(job.merge.rejection?.reason == expected)
  }
}
