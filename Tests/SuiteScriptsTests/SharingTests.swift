import Suite
import SuiteScripts
import Testing

/// What is small in memory, and without end for who goes through it as a tree.
@Suite("Objects that are shared without end", .timeLimit(.minutes(1))) struct SharingTests {
  /// Twice the same: equal, and not one object.
  private static let lists = """
    local function make(l)
      for i = 1, 60 do local m = py_list() local a = py_attrgetter(m) a.append(l) a.append(l) l = m end
      return l
    end
    local a, b = make(py_list()), make(py_list())

    """
  private static let dicts = """
    local function make(l)
      for i = 1, 60 do local m = py_dict() m.x = l m.y = l l = m end
      return l
    end
    local a, b = make(py_dict()), make(py_dict())

    """
  private static let tuples = """
    local function make(l)
      for i = 1, 60 do local m = py_list() local a = py_attrgetter(m) a.append(l) a.append(l) l = py_tuple(m) end
      return l
    end
    local a, b = make(py_tuple(py_list())), make(py_tuple(py_list()))

    """

  @Test(arguments: [
    lists + "local l = py_list() py_attrgetter(l).append(b) yaml.n = py_attrgetter(l).count(a)",
    lists + "local l = py_list() py_attrgetter(l).append(b) yaml.n = py_attrgetter(l).index(a)",
    lists + "local l = py_list() py_attrgetter(l).append(b) py_attrgetter(l).remove(a)",
    dicts + "local l = py_list() py_attrgetter(l).append(b) yaml.n = py_attrgetter(l).count(a)",
    dicts + "deep_merge(yaml, a)", dicts + "deep_merge(nil, a)", dicts + "yaml.a = a deep_merge(yaml.a, b)",
    tuples + "local l = py_list() py_attrgetter(l).append(b) yaml.n = py_attrgetter(l).count(a)",
    tuples + "local l = py_list() py_attrgetter(l).append(b) l = py_tuple(l) yaml.n = py_attrgetter(l).index(a)",
    tuples + "yaml[a] = 1", tuples + "return yaml[a]",
    tuples + "return py_attrgetter(yaml).get(a)", tuples + "py_attrgetter(yaml).setdefault(a, 1)",
  ])
  func areAnErrorWhereAllOfThemIsLookedAt(script: String) throws {
    for stage in MergeStage.both {
      let ran = try limitedJobs().run(script, yaml: "{l: [1]}", at: stage)
      #expect(ran.isFailure, "\(ran)")
      #expect(ran.description.contains("runs too long") || ran.description.contains("more memory"), "\(ran)")
    }
  }

  @Test func areAnErrorWhenTheFragmentIsMergedThatHasThem() throws {
    let jobs = try limitedJobs()
    let script = YAMLValue.string(Self.dicts + "yaml_fragment.z = a").json()
    let fragment = jobs.merge.add(path: "x.yaml", text: "teuthology: {premerge: \(script)}")
    let error = #expect(throws: JobFailure.self) { try jobs.merge.merge(text: [], fragments: [fragment]) }
    #expect(error?.description.contains("shared too often") == true, "\(String(describing: error))")
  }

  @Test(arguments: [lists, dicts, tuples])
  func areAnErrorWhenTheJobIsWanted(make: String) throws {
    let jobs = try ScriptJobs()
    let script = YAMLValue.string(make + "yaml.x = a").json()
    let fragment = jobs.merge.add(path: "x.yaml", text: "teuthology: {postmerge: [\(script)]}")
    #expect(try jobs.merge.merge(text: [], fragments: [fragment]) == .merged)
    #expect(throws: ObjectTextError.tooLong) { try jobs.merge.value() }
  }

  @Test(arguments: [lists, dicts, tuples])
  func areNoTroubleForWhoAsksWhy(make: String) throws {
    let jobs = try limitedJobs()
    let trace = MergeTrace(for: jobs.merge)
    jobs.merge.trace = trace
    let script = YAMLValue.string(make + "yaml.x = a").json()
    let first = jobs.merge.add(path: "x.yaml", text: "teuthology: {premerge: \(script)}")
    let second = jobs.merge.add(path: "y.yaml", text: "{a: 1, teuthology: {postmerge: [yaml.b = 1]}}")
    #expect(try jobs.merge.merge(text: [], fragments: [first, second]) == .merged)
    let text = JobExplanation(jobs.merge, trace, .success(.merged), folder: "/").text
    #expect(text.contains("adds a\n") && !text.contains("changes ,"))
  }

  @Test(arguments: [lists, dicts, tuples])
  func areTextOfSomeLength(make: String) throws {
    #expect(try run(make + "yaml.n = #tostring(a) < 3e6") == .accepted("{\"n\":true}"))
    #expect(try run(make + "base_config.x = a yaml.n = #tostring(base_config) < 3e6") == .accepted("{\"n\":true}"))
  }

  @Test func textsCountAsMemory() throws {
    let script = "local s = (\"x\"):rep(30000) for i = 1, 1000000 do yaml.x = s .. i end"
    let jobs = try ScriptJobs()
    jobs.merge.heap.memoryLimit = 32 << 20
    let ran = try jobs.run(script)
    #expect(ran.isFailure && ran.description.contains("more memory"), "\(ran)")
  }

  /// With limits that a debug build reaches soon.
  private func limitedJobs() throws -> ScriptJobs {
    let jobs = try ScriptJobs()
    jobs.merge.heap.workLimit = 300_000
    jobs.merge.heap.memoryLimit = 32 << 20
    return jobs
  }
}
