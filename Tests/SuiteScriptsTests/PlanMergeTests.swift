import Glibc
import Suite
import SuiteScripts
import Testing

/// A plan has one outcome, however many workers merge it.
@Suite("Merging a plan on several processors") struct PlanMergeTests {
  /// The plan of a product of ten files and one with a script.
  private func plan(
    _ script: String, workers: Int, blockSize: Int, goesOn: Bool = false, stopAfter limit: Int = .max
  ) async throws -> (outcomes: [PlanBlock.Outcome], text: String) {
    var template = Array("/tmp/plan.XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    mkdir("\(folder)/n", 0o700)
    var files = ["%": "", "z.yaml": "teuthology: {postmerge: [\(YAMLValue.string(script).json())]}\n"]
    for number in 0..<10 { files["n/\(number).yaml"] = "n: \(number)\n" }
    for (name, text) in files {
      let file = try #require(fopen("\(folder)/\(name)", "w"))
      fputs(text, file)
      fclose(file)
    }
    defer { for path in files.keys.map({ "\(folder)/\($0)" }) + ["\(folder)/n", folder] { remove(path) } }

    let matrix = try SuiteMatrix(folder: folder)
    let setup = MergeSetup(base: ["kernel": ["count": 0]], files: matrix.files)
    let merge = PlanMerge(
      setup, matrix: matrix, writes: .json, workers: workers, goesOn: goesOn, blockSize: blockSize)
    var outcomes: [PlanBlock.Outcome] = []
    var text: [UInt8] = []
    try await merge.run { jobs, block in
      #expect(goesOn || jobs.count >= block.outcomes.count)
      outcomes += block.outcomes
      text += block.text
      return outcomes.count < limit
    }
    return (outcomes, String(decoding: text, as: UTF8.self).replacing(folder, with: "DIR"))
  }

  static let scripts = [
    "yaml.twice = yaml.n * 2",
    "if yaml.n % 3 == 0 then reject() end",
    // Reaches all later jobs, from the first, a middle and the last job on.
    "yaml.drawn = math.random(1000)",
    "if yaml.n >= 4 then yaml.drawn = math.random(1000) end",
    "if yaml.n == 5 then base_config.kernel.count = base_config.kernel.count + 1 end",
    "if yaml.n == 9 then base_config.kernel.count = 7 end",
    "base_config.kernel.count = base_config.kernel.count + 1 if base_config.kernel.count % 2 == 0 then reject() end",
  ]

  @Test(.timeLimit(.minutes(1)), arguments: [1, 3]) func endsSoonWhenItIsCancelled(workers: Int) async throws {
    let work = Task { try await plan("while true do end", workers: workers, blockSize: 2, goesOn: true) }
    try await Task.sleep(for: .milliseconds(200))
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
  }

  @Test(arguments: scripts) func hasOneOutcome(_ script: String) async throws {
    let alone = try await plan(script, workers: 1, blockSize: 100)
    #expect(alone.outcomes.count == 10)
    for workers in [1, 2, 3, 7] {
      for blockSize in [1, 2, 3] {
        let together = try await plan(script, workers: workers, blockSize: blockSize)
        #expect(together.outcomes == alone.outcomes)
        #expect(together.text == alone.text)
      }
    }
  }

  @Test func aJobThatFailsEndsItsBlockOrNot() async throws {
    let script = "if yaml.n == 6 then error('stop') end"
    let going = try await plan(script, workers: 2, blockSize: 2, goesOn: true)
    #expect(going.outcomes.count { $0 == .kept } == 9)
    #expect(going.outcomes.count == 10)
    let ending = try await plan(script, workers: 2, blockSize: 2, stopAfter: 7)
    #expect(ending.outcomes.count { $0 == .kept } == 6)
  }

  @Test func noMoreIsTakenThanIsWanted() async throws {
    #expect(try await plan("x = 1", workers: 3, blockSize: 2, stopAfter: 3).outcomes.count == 4)
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    var result = ""
    var rest = Substring(self)
    while let start = rest.indices.first(where: { rest[$0...].hasPrefix(part) }) {
      result += rest[..<start] + other
      rest = rest[rest.index(start, offsetBy: part.count)...]
    }
    return result + rest
  }
}
