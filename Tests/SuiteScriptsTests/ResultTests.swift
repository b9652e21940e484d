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

  @Test func theSeedGivesLuasNumbersOnceForAllJobs() throws {
    // From Lua 5.4: math.randomseed(42), then math.random(1, 1000) again and again.
    let jobs = try ScriptJobs(seed: 42)
    let numbers = try (0..<6).map { _ in try jobs.run("yaml.n = math.random(1, 1000)").description }
    #expect(numbers.allSatisfy { $0.hasPrefix("{\"n\":") } && Set(numbers).count > 3)
    #expect(jobs.scripts.drewNumbers)
    let again = try ScriptJobs(seed: 42)
    #expect(try numbers == (0..<6).map { _ in try again.run("yaml.n = math.random(1, 1000)").description })
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
