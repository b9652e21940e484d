import Suite
import SuiteScripts
import Testing

/// What one job uses is there again for the next.
@Suite("Plans of very many jobs") struct LongPlanTests {
  @Test func combinationsOfScriptsAreNotKeptForEver() throws {
    let jobs = try ScriptJobs()
    let fragments = (0..<70).map { number in
      let script = "yaml.n\(number) = 1" + String(repeating: " yaml.x = 1", count: 200)
      return jobs.merge.add(path: "\(number).yaml", text: "teuthology: {postmerge: [\"\(script)\"]}")
    }
    var most = 0
    for first in fragments {
      for second in fragments where second != first {
        #expect(try jobs.merge.merge(text: [], fragments: [first, second]) == .merged)
        most = max(most, jobs.scripts.usedMemory)
      }
    }
    #expect(most < 12 << 20, "\(most)")
  }

  @Test func aJobThatUsedAllMemoryLeavesEnoughForTheNext() throws {
    let jobs = try ScriptJobs()
    let many = "local l for i = 1, 400000 do l = py_list() end yaml.n = 1"
    #expect(try jobs.run(many) == .accepted("{\"n\":1}"))
    #expect(jobs.scripts.usedMemory > 16 << 20)
    // Enough for Lua to look what is still needed.
    #expect(try jobs.run("for i = 1, 1000000 do local t = {} end yaml.l = py_list()") == .accepted("{\"l\":[]}"))
    #expect(jobs.scripts.usedMemory < 4 << 20, "\(jobs.scripts.usedMemory)")
  }
}
