import ArgumentParser
import Glibc
import Modules
import Suite
import SuiteScripts

/// `kdevlua suite why`.
struct SuiteWhy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say how a job comes to be what it is, or why it is not in the plan.",
    discussion:
      "Shows each fragment in the order of the merge: what it adds and changes, or which line of its premerge script drops"
      + " it. Then which line of a postmerge script, or which filter, rejects the job. Takes the options of `suite plan`."
  )

  @OptionGroup var suite: SuiteOptions
  @Argument(help: ArgumentHelp("A part of the job's description.", valueName: "description-part"))
  var part: String
  @OptionGroup var merging: MergeOptions
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many jobs are shown, when several have the part; 0 is all.", valueName: "n"))
  var limit = 1
  @Flag(name: .shortAndLong, help: "Print neither the seed nor the counts.")
  var quiet = false

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit must be a number from 0 on") }
  }

  func run() throws {
    do {
      let path = suite.path
      let seed = suite.announcedSeed(isQuiet: quiet)
      let matrix = try suite.matrix(at: path, seed: seed)
      let name = suite.name(of: path)
      let merge = try FragmentMerge(merging.setup(matrix, suite: name, seed: seed), scripts: LuaScripts())
      let trace = MergeTrace(for: merge)
      var jobs = matrix.jobs()
      var job = MatrixJob()
      var output = LineOutput()
      var (shown, found) = (0, 0)
      while try jobs.next(into: &job) {
        let isWanted = Self.contains(job.description(suite: name), part)
        found += isWanted ? 1 : 0
        // The jobs behind the last that is shown are only counted.
        if limit > 0, shown >= limit { continue }
        merge.trace = isWanted ? trace : nil
        // Those before it are merged, as their scripts draw and can change the base.
        let outcome = Result { try merge.merge(job) }
        guard isWanted else { continue }
        shown += 1
        output.write(JobExplanation(merge, trace, outcome, folder: path).text)
        output.flush()
      }
      guard found > 0 else {
        throw UsageError(message: "none of the \(matrix.count) jobs has '\(part)' in its description")
      }
      if !quiet, found > shown { Session.write("\(found) jobs have that part; --limit 0 shows all\n", to: 2) }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  /// By bytes, as the filters look.
  private static func contains(_ text: String, _ part: String) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    return part.isEmpty || text.indices.contains { text[$0...].starts(with: part) }
  }
}
