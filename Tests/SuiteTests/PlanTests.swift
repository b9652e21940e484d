import Suite
import Testing

@Suite("What a plan is made with") struct PlanTests {
  @Test func kernelsGoIntoTheBaseAsTeuthologyPutsThem() {
    #expect(
      BaseConfiguration.make(file: ["a": 1, "kernel": "old"], kernel: "wip-x", commit: "abc")
        == ["a": 1, "kernel": ["branch": "wip-x", "kdb": 1, "sha1": "abc", "flavor": "default"]])
    #expect(
      BaseConfiguration.make(kernel: "wip-x")?["kernel"]?["sha1"] == .string(String(repeating: "0", count: 40)))
    #expect(
      BaseConfiguration.make(kernel: "distro", commit: "abc")
        == ["kernel": ["branch": "distro", "kdb": 1, "sha1": "distro"]])
    #expect(BaseConfiguration.make(file: ["kernel": "old"], kernel: "None") == ["kernel": "old"])
    #expect(BaseConfiguration.make() == [:])
  }

  @Test func distributionsAreLowered() {
    #expect(
      BaseConfiguration.make(osType: "CentOS", osVersion: "9.Stream") == [
        "os_type": "centos", "os_version": "9.stream",
      ])
  }

  @Test func theBaseMustBeAMapping() {
    #expect(BaseConfiguration.make(file: ["a"]) == nil)
  }

  @Test func filtersAreSplitAtCommas() {
    #expect(PlanFilters.list("") == [])
    #expect(PlanFilters.list(" a b ,c\t,,") == ["a b", "c", "", ""])
    #expect(PlanFilters.list(" ") == [""])
  }

  @Test func facetsAreCountedInTheOrderOfTheSuite() throws {
    let tree = try SuiteTree(names: ["%", "b/x.yaml", "b/y.yaml", "a.yaml", "never.disable/z.yaml"])
    let matrix = try SuiteMatrix(folder: tree.folder)
    var counts = FacetCounts(files: matrix.relativeFiles)
    var jobs = matrix.jobs()
    while let job = try jobs.next() { counts.count(job, isKept: job.description().contains("y")) }
    #expect(
      counts.rows == [
        FacetCounts.Row(facet: ".", choice: "a", matrix: 2, plan: 1),
        FacetCounts.Row(facet: "b", choice: "x", matrix: 1, plan: 0),
        FacetCounts.Row(facet: "b", choice: "y", matrix: 1, plan: 1),
      ])
  }
}
