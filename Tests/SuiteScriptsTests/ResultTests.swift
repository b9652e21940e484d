import Suite
import SuiteScripts
import Testing

@Suite("What a script's result means") struct ResultTests {
  @Test(arguments: [
    "", "return true", "return 1", "return 'x'", "return {}", "return {1}", "return py_dict{a=1}", "return false, true",
    "return nil, nil", "accept()", "accept() reject()", "return log", "return function() end", "return yaml",
    "return 0/0", "local function f() accept() end f() error 'not reached'",
  ])
  func accepts(script: String) throws { #expect(try run(script) == .accepted("{}")) }

  @Test(arguments: [
    "return false", "return", "return nil", "return 0", "return 0.0", "return ''", "return py_list()",
    "return py_dict()", "return py_len(py_list())", "reject()", "reject() error 'not reached'",
    "for i = 1, 3 do reject() end", "local function f() reject 'why' end f()", "return yaml.none",
  ])
  func rejects(script: String) throws { #expect(try run(script, "none:") == .rejected) }

  @Test func aReasonAndItsLineComeAlong() throws {
    let jobs = try ScriptJobs()
    #expect(try jobs.run("local x = 1\nreject 'too slow'") == .rejected)
    #expect(jobs.merge.rejection?.line == 2)
    #expect(jobs.merge.rejection?.reason == "too slow")
    #expect(try jobs.run("\n\nreject()") == .rejected)
    #expect(jobs.merge.rejection?.line == 3)
    #expect(jobs.merge.rejection?.source == "reject()")
  }

  /// The figures are those of Lua 5.4 itself.
  @Test(
    arguments: [
      (
        0, [0.2469118419609948, 0.23482927841848023, 0.06927593952908473, 0.5864639955347967],
        [962, 521, 940, 790, 176, 237], [0x3f359d4e37b433c1, 0x3c1dc586f35de208, 0x11bc1166ad55f7ab]
      ),
      (
        1, [0.8155878155472306, 0.9865775064345756, 0.07933071959002602, 0.498648493233687],
        [414, 488, 418, 685, 983, 990], [0xd0ca5cf2ca9b8d9d, 0xfc9057ed1b1145e7, 0x144f049e35122da1]
      ),
      (
        42, [0.9308121780395682, 0.4517838993592431, 0.546883112434215, 0.7935893526382726],
        [742, 50, 332, 342, 950, 576], [0xee49b4f7660276e5, 0x73a81c109b785431, 0x8c00881aa3bfbd4b]
      ),
      (
        9999, [0.6459521602753354, 0.7367502682459752, 0.2761643387207139, 0.4701729354200137],
        [889, 37, 802, 165, 592, 860], [0xa55d1eeb29c1ff78, 0xbc9baa636f897024, 0x46b2b4c3207eab21]
      ),
    ] as [(Int, [Double], [Int], [UInt64])])
  func theSeedGivesLuasNumbersOnceForAllJobs(
    seed: Int, fractions: [Double], numbers: [Int], bits: [UInt64]
  ) throws {
    func drawn(_ call: String, _ count: Int) throws -> [YAMLValue?] {
      let jobs = try ScriptJobs(seed: seed)
      return try (0..<count).map { _ in
        guard case .accepted(let json) = try jobs.run("yaml.n = math.random(\(call))") else { return nil }
        return try YAMLValue(yaml: json)["n"]
      }
    }
    #expect(try drawn("", fractions.count) == fractions.map { .float($0) })
    #expect(try drawn("1, 1000", numbers.count) == numbers.map { .integer($0) })
    #expect(try drawn("0", bits.count) == bits.map { .integer(Int(truncatingIfNeeded: $0)) })
  }

  @Test func whoDrawsIsNoted() throws {
    let jobs = try ScriptJobs()
    _ = try jobs.run("yaml.n = math.random(3)")
    #expect(jobs.scripts.drewNumbers)
    let quiet = try ScriptJobs()
    _ = try quiet.run("yaml.n = math.floor(1.5)")
    #expect(!quiet.scripts.drewNumbers)
  }
}

@Suite("What a script finds") struct EnvironmentTests {
  @Test func whatTeuthologyGivesIsThere() throws {
    for name in """
    assert error ipairs next pairs tonumber tostring math string py_attrgetter py_dict py_len py_list py_tuple \
    py_enumerate py_iterex py_itemgetter accept reject deep_merge log yaml_load base_frag_paths description frag_paths \
    suite_name yaml base_config filter_in filter_out filter_all filter_fragments seed
    """.split(separator: " ") {
      #expect(try run("return \(name) ~= nil") == .accepted("{}"), "\(name)")
    }
  }

  @Test func nothingElseIs() throws {
    for name in """
    type print require load loadstring dofile loadfile pcall xpcall select setmetatable getmetatable rawget rawset rawequal \
    rawlen table coroutine os io debug package utf8 python collectgarbage _G _VERSION warn kdev arg check_filters kernel \
    yaml_fragment os_type os_version
    """.split(separator: " ") {
      #expect(try run("return \(name) == nil") == .accepted("{}"), "\(name)")
    }
  }

  @Test func valuesAreThoseOfTheJob() throws {
    #expect(
      try run(
        """
        yaml.r = py_list(py_tuple(frag_paths)) yaml.b = base_frag_paths yaml.d = description yaml.s = suite_name
        yaml.seed = seed yaml.f = filter_fragments yaml.n = py_len(filter_in) yaml.k = base_config.kernel.branch
        """)
        == .accepted(
          """
          {"r":["/q/suites/fs/a.yaml","/q/suites/fs/b.yaml"],"b":["fs/a.yaml","fs/b.yaml"],"d":"fs/{a b}","s":"fs",\
          "seed":1,"f":false,"n":0,"k":"wip-foo"}
          """))
  }

  @Test func onlyPremergeHasTheFragment() throws {
    let ran = try ScriptJobs().run(
      "yaml.post = yaml_fragment == nil", premerge: "yaml.pre = yaml_fragment.teuthology ~= nil")
    #expect(ran == .accepted(#"{"pre":true,"post":true}"#))
  }

  @Test func theDistributionIsThereWhenTheBaseHasIt() throws {
    let jobs = try ScriptJobs(base: ["os_type": "centos", "os_version": "9.stream"])
    #expect(
      try jobs.run(
        "yaml.t = os_type .. os_version .. wanted_os_version .. this_os_version", premerge: "assert(not os_type)")
        == .accepted(#"{"os_type":"centos","os_version":"9.stream","t":"centos9.stream99"}"#))
  }

  @Test func furtherGlobalsAreLuasOwnData() throws {
    let jobs = try ScriptJobs(base: nil, globals: ["host": ["kvm": ["works": false], "cpus": [1, 2]]])
    #expect(
      try jobs.run("yaml.n = #host.cpus assert(host.nope == nil) host.kvm.works = 5 yaml.w = host.kvm.works")
        == .accepted(#"{"n":2,"w":5}"#))
    #expect(try jobs.run("return host.kvm.works == false") == .accepted("{}"))
  }

  @Test func globalsOfAScriptEndWithIt() throws {
    let jobs = try ScriptJobs()
    for _ in 0..<3 { #expect(try jobs.run("n = (n or 0) + 1 yaml.n = n") == .accepted(#"{"n":1}"#)) }
  }

  @Test func postmergeScriptsOfAJobAreOne() throws {
    let jobs = try ScriptJobs()
    let define = jobs.merge.add(path: "a.yaml", text: "teuthology: {postmerge: [local q = 1]}")
    let use = jobs.merge.add(path: "b.yaml", text: "teuthology: {postmerge: [if q == 1 then reject() end]}")
    #expect(try jobs.merge.merge(text: [], fragments: [define, use]) == .rejected)
    #expect(jobs.merge.rejection?.description == "b.yaml:1: if q == 1 then reject() end")
    let early = jobs.merge.add(path: "c.yaml", text: "teuthology: {postmerge: [return true]}")
    #expect(throws: JobFailure.self) { try jobs.merge.merge(text: [], fragments: [early, define]) }
  }

  @Test func whatAScriptDoesToFragPathsDecidesWhichFragmentsFollow() throws {
    let jobs = try ScriptJobs()
    let first = jobs.merge.add(path: "a.yaml", text: "teuthology: {premerge: py_attrgetter(frag_paths).pop()}\nx: 1")
    let second = jobs.merge.add(path: "b.yaml", text: "y: 1")
    _ = try jobs.merge.merge(text: [], fragments: [first, second])
    #expect(try jobs.merge.value()["x"] == 1)
    #expect(try jobs.merge.value()["y"] == nil)
    _ = try jobs.merge.merge(text: [], fragments: [second])
    #expect(try jobs.merge.value()["y"] == 1)
  }
}
