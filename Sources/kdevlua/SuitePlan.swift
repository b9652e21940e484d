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

  /// 0 is no limit, as for teuthology-suite.
  private var most: Int { limit ?? 0 > 0 ? limit ?? 0 : Int.max }

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit must be a number from 0 on") }
  }

  func run() throws {
    do {
      let path = suite.path
      let seed = suite.announcedSeed(isQuiet: quiet)
      let matrix = try suite.matrix(at: path, seed: seed)
      let name = suite.name(of: path)
      var output = PlanOutput(format, matrix, suite: name)
      var jobs = matrix.jobs()
      var job = MatrixJob()
      let files = matrix.relativeFiles
      while output.counts.plan < most, try jobs.next(into: &job) {
        output.add(job, files: files)
      }
      output.finish()
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
