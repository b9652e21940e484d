/// All jobs that a suite's folder stands for, none of which exists before it is asked for.
///
/// A folder is a sum of its entries: each is a job, or many. With a file `%` in it it is the product of its entries, with
/// `+` all of them in one job, with `$` one of them by chance. The order of the jobs, what `%` with a number and a subset
/// leave of them, and what chance picks are those of teuthology, so a seed gives the same jobs here and there.
///
///     let matrix = try SuiteMatrix(folder: "/src/ceph/qa/suites/fs/workload", seed: 42)
///     var jobs = matrix.jobs()
///     while let job = try jobs.next() { print(matrix.description(of: job)) }
///
/// Making it reads the tree once. A job costs what it has of fragments, wherever it stands in the order.
public struct SuiteMatrix: Sendable {
  let nodes: [MatrixNode]
  let links: [MatrixLink]
  let names: [UInt8]
  let sumCount: Int
  let fragile: [Int32: String]
  let root: Int32
  let random: MersenneTwister
  let rules: MatrixRules

  /// The suite's folder, as it was given.
  public let folder: String
  /// The paths of all fragments that jobs can have: the folder's with what is below it. A job's fragments are numbers of
  /// this list.
  public let files: [String]

  /// Reads a suite's folder.
  /// - Parameters:
  ///   - folder: its path, without a slash at the end. Links in it are followed.
  ///   - subset: which slice of the jobs is wanted; nil for all.
  ///   - nestedSubsets: whether the numbers in `%` count.
  ///   - seed: for what is drawn.
  ///   - rules: whether what is plainly wrong in teuthology is done as it does it.
  /// - Throws: `MatrixError` when the tree makes no matrix, and when a job of it cannot be made.
  public init(
    folder: String, subset: MatrixSubset? = nil, nestedSubsets: Bool = true, seed: PythonSeed = 1,
    rules: MatrixRules = .teuthology
  ) throws(MatrixError) {
    var builder = MatrixBuilder(seed: seed, nestedSubsets: nestedSubsets, rules: rules)
    let root = try builder.root(folder, subset: subset)
    self.init(builder, root: root, folder: folder, rules: rules)
    if builder.mayFail {
      // An error comes before the first job, as in teuthology, which makes all of them first.
      var jobs = jobs()
      while try jobs.next() != nil {}
    }
  }

  init(_ builder: MatrixBuilder, root: Int32, folder: String, rules: MatrixRules) {
    self.rules = rules
    self.root = root
    self.folder = folder
    nodes = builder.nodes
    links = builder.links
    names = builder.names
    files = builder.files
    sumCount = builder.sumCount
    fragile = builder.fragile
    random = builder.random
  }

  /// How many jobs there are.
  public var count: Int { nodes[Int(root)].size }

  /// The paths of all fragments below the suite's folder; "." for a suite that is a file.
  public var relativeFiles: [String] {
    // By bytes: a name that begins with an accent would take the slash with it.
    files.map { $0.utf8.count > folder.utf8.count ? String($0.utf8.dropFirst(folder.utf8.count + 1)) ?? $0 : "." }
  }

  /// The jobs, in order, with what is drawn for each.
  public func jobs() -> MatrixJobs { MatrixJobs(matrix: self) }

  /// The paths of a job's fragments in the order in which they are merged.
  public func paths(of job: MatrixJob) -> [String] { job.fragments.map { files[Int($0)] } }
}

/// What a matrix does where teuthology fails for no good reason, or does what nobody can want.
public enum MatrixRules: Sendable {
  /// As teuthology does it, with the same jobs for the same seed.
  case teuthology
  /// - A folder in which nothing counts is passed over, and is no error.
  /// - A numbered `%` that is asked for more than its slice begins again, as everything else does. In teuthology it fails,
  ///   or gives jobs from outside of its slice.
  /// - What `$` picks is asked for a job by chance, where teuthology takes the job of the pick's own number.
  /// - Slices share all jobs among them, where teuthology leaves out up to `count - 1` at the end.
  case corrected
}

/// A slice of a matrix: `--subset 3/10`.
public struct MatrixSubset: Sendable, Equatable, CustomStringConvertible {
  /// Which of the slices, from 0.
  public let index: Int
  /// How many slices there are.
  public let count: Int

  /// Nil unless `0 <= index < count`; of one slice, which is the whole, its index may also be 1.
  public init?(index: Int, count: Int) {
    guard index >= 0, count > 0, index < count || (index == 1 && count == 1) else { return nil }
    self.index = index
    self.count = count
  }

  /// Reads `INDEX/COUNT`; nil when the text is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]) else { return nil }
    self.init(index: index, count: count)
  }

  public var description: String { "\(index)/\(count)" }

  /// What to say where `init(_:)` gives nil.
  public static let expected = "I/N expected, as 0/32, with I from 0 to N-1"
}
