import Suite
import SuiteScripts
import Testing

/// A script that stores into the base configuration changes it for all later jobs, and nothing else.
@Suite("Changing the base configuration") struct BaseChangeTests {
  private func results(of script: String) throws -> [YAMLValue] {
    var setup = MergeSetup(base: ["kernel": ["branch": "x"], "list": [[1], [2]]])
    setup.filters.any = ["job"]
    let merge = try FragmentMerge(setup, scripts: LuaScripts())
    let fragment = merge.add(path: "a.yaml", text: "teuthology: {premerge: \(YAMLValue.string(script).json())}")
    return try (0..<3).map { number in
      #expect(try merge.merge(text: Array("job \(number)".utf8), fragments: [fragment]) == .merged)
      return try merge.value()
    }
  }

  @Test func reachesLaterJobs() throws {
    let script = #"base_config.kernel.seen = py_attrgetter(base_config.kernel).get("seen", 0) + 1"#
    let jobs = try results(of: script)
    #expect(jobs.map { $0["kernel"]?["seen"] } == [nil, 1, 2] as [YAMLValue?])
  }

  @Test func leavesWhatEveryJobBeginsWithAsItIs() throws {
    let jobs = try results(of: "base_config.kernel.new = py_list{1} yaml.filters = py_len(filter_in)")
    for job in jobs {
      #expect(job["teuthology"] == ["fragments_dropped": [], "meta": [:], "postmerge": []])
      #expect(job["filters"] == 1)
      #expect(job["list"] == [[1], [2]])
    }
  }
}
