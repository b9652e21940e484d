import ArgumentParser
import Glibc
import Suite

/// `kdevlua suite plan`.
struct SuitePlan: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml, names }

  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print the jobs that teuthology would run, in its order and with its contents.")

  @OptionGroup var suite: SuiteOptions
  @Flag(help: "Merge nothing and run no scripts: the jobs of the matrix, with their fragments.")
  var noMerge = false
  @Option(help: ArgumentHelp("Stop after so many jobs.", valueName: "n"))
  var limit: Int?
  @Option(help: ArgumentHelp("What is printed.", valueName: "table|json|yaml|names"))
  var format = Format.table
  @Flag(name: .shortAndLong, help: "Print neither the seed nor the counts.")
  var quiet = false

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit must be a number from 0 on") }
  }

  func run() throws {
    do {
      let path = suite.path
      let seed = suite.announcedSeed(isQuiet: quiet)
      let matrix = try suite.matrix(at: path, seed: seed)
      var output = LineOutput()
      var jobs = matrix.jobs()
      var job = MatrixJob()
      let name = suite.name(of: path)
      var count = 0
      while count < limit ?? Int.max, try jobs.next(into: &job) {
        count += 1
        output.write(
          #"{"description":\#(YAMLValue.string(job.description(suite: name)).json()),"fragments":\#(YAMLValue.sequence(matrix.paths(of: job).map { .string(String($0.dropFirst(path.count + 1))) }).json())}"#
            .utf8)
      }
      output.flush()
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
