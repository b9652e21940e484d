import ArgumentParser
import Modules
import Suite
import SuiteScripts

/// `kdevlua suite plan`.
struct SuitePlan: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml, names }

  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print the jobs that teuthology would run, in its order and with its contents.")

  @OptionGroup var suite: SuiteOptions
  @OptionGroup var merging: MergeOptions
  @Flag(help: "Merge nothing and run no scripts: the jobs of the matrix, with their fragments.")
  var noMerge = false
  @Flag(help: "Say which jobs cannot be merged, and go on; teuthology ends with the first.")
  var keepGoing = false
  @Option(parsing: .unconditional, help: ArgumentHelp("Stop after so many jobs; 0 is no limit.", valueName: "n"))
  var limit = 0
  @Option(help: ArgumentHelp("What is printed.", valueName: "table|json|yaml|names"))
  var format = Format.table
  @Flag(name: .shortAndLong, help: "Print neither the seed nor the counts.")
  var quiet = false

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit must be a number from 0 on") }
  }

  func run() throws {
    try Session.perform {
      let path = suite.path
      let seed = suite.announcedSeed(isQuiet: quiet)
      let matrix = try suite.matrix(at: path, seed: seed)
      let name = suite.name(of: path)
      var output = PlanOutput(format, matrix, suite: name)
      let failures =
        noMerge
        ? try list(matrix, &output)
        : try await merge(matrix, with: merging.setup(matrix, suite: name, seed: seed), &output)
      output.finish()
      if !quiet {
        let counts = output.counts
        let most = limit > 0 && counts.plan == limit ? "; stopped at the limit" : ""
        Session.write("\(counts.matrix) jobs of \(matrix.count) looked at, \(counts.plan) in the plan\(most)\n", to: 2)
      }
      if failures > 0 { throw ExitCode.failure }
    }
  }

  private func isEnough(_ output: borrowing PlanOutput) -> Bool { limit > 0 && output.counts.plan >= limit }

  private func list(_ matrix: SuiteMatrix, _ output: inout PlanOutput) throws -> Int {
    var jobs = matrix.jobs()
    var job = MatrixJob()
    while !isEnough(output), try jobs.next(into: &job) {
      output.add(job)
      if output.counts.matrix % 1024 == 0 { try Task.checkCancellation() }
    }
    return 0
  }

  /// - Returns: how many jobs could not be merged.
  private func merge(_ matrix: SuiteMatrix, with setup: MergeSetup, _ output: inout PlanOutput) async throws -> Int {
    let writes: JobText = format == .json ? .json : format == .yaml ? .yaml : .none
    let merge = PlanMerge(setup, matrix: matrix, writes: writes, goesOn: keepGoing)
    var failures = 0
    try await merge.run { jobs, block in
      var start = 0
      for (number, outcome) in block.outcomes.enumerated() {
        switch outcome {
        case .kept: output.add(jobs[number], text: block.text[start..<block.ends[number]])
        case .rejected: output.drop(jobs[number])
        case .failed(let failure):
          // What was merged before is printed all the same.
          output.flush()
          Session.complain(failure)
          guard keepGoing else { throw ExitCode.failure }
          failures += 1
          output.drop(jobs[number])
        }
        start = block.ends[number]
        if isEnough(output) { return false }
      }
      return true
    }
    return failures
  }
}
