import ArgumentParser
import Glibc
import Host
import Suite

/// `kdevlua suite`.
struct SuiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suite",
    abstract: "Teuthology's suites: which jobs they are, why, what is wrong with them, and how they do in the lab.",
    subcommands: [
      SuitePlan.self, SuiteWhy.self, SuiteCheckCommand.self, SuiteKernel.self, SuiteSchedule.self,
      SuiteStatus.self,
    ])
}

/// Which jobs of which suite: the options of all commands that look at jobs.
struct SuiteOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The suite's folder, as ~/ceph/qa/suites/fs.", valueName: "dir"))
  var folder: String
  @Option(
    help: ArgumentHelp("What descriptions begin with; default: what follows suites/ in DIR.", valueName: "name"))
  var suiteName: String?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("For what is drawn; -1 draws the seed.", valueName: "number"))
  var seed: SeedArgument = SeedArgument(seed: 1)
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("One slice of the jobs, as 0/32; I is 0 to N-1.", valueName: "i/n"),
    transform: SubsetArgument.init(parsing:))
  var subset: SubsetArgument?
  @Flag(help: "Take whole products, whatever number is in their %.")
  var noNestedSubset = false
  @Flag(
    inversion: .prefixedNo,
    help: "Do as teuthology does where it is plainly wrong, so that the jobs are the same.")
  var compat = true

  var path: String { Self.path(of: folder) }

  /// Where a suite is, as teuthology would name it.
  static func path(of folder: String) -> String {
    // A ".." behind a link is not what it seems; everything else stays as it is written.
    let isTwisted = folder.split(separator: "/").contains("..")
    return isTwisted ? Files.resolve(folder) ?? Files.absolute(folder) : Files.absolute(folder)
  }

  func name(of path: String) -> String? { suiteName ?? SuiteName.name(of: path) }

  /// The seed that counts, after it was said.
  func announcedSeed(isQuiet: Bool) -> PythonSeed {
    let seed = seed.seed.int == -1 ? PythonSeed(Int.random(in: 0...9999)) : seed.seed
    if !isQuiet { Session.write("seed \(seed)\n", to: STDERR_FILENO) }
    return seed
  }

  func matrix(at path: String, seed: PythonSeed) throws(MatrixError) -> SuiteMatrix {
    try SuiteMatrix(
      folder: path, subset: subset?.subset, nestedSubsets: !noNestedSubset, seed: seed,
      rules: compat ? .teuthology : .corrected)
  }
}

/// A seed on the command line.
struct SeedArgument: ExpressibleByArgument, CustomStringConvertible {
  let seed: PythonSeed

  init(seed: PythonSeed) { self.seed = seed }

  init?(argument: String) {
    guard let seed = PythonSeed(argument) else { return nil }
    self.seed = seed
  }

  var description: String { seed.description }
}

/// A subset on the command line.
struct SubsetArgument {
  let subset: MatrixSubset

  init(parsing text: String) throws {
    guard let subset = MatrixSubset(text) else { throw ValidationError(MatrixSubset.expected) }
    self.subset = subset
  }
}

/// Standard output for a great many short lines.
struct LineOutput: ~Copyable {
  private var bytes: [UInt8] = []
  private static let block = 1 << 16

  mutating func write(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    if bytes.count >= Self.block { flush() }
  }

  mutating func write(bytes more: ArraySlice<UInt8>) {
    bytes.append(contentsOf: more)
    if bytes.count >= Self.block { flush() }
  }

  mutating func flush() {
    Session.write(bytes, to: STDOUT_FILENO)
    bytes.removeAll(keepingCapacity: true)
  }
}
