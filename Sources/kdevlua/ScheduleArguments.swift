import ArgumentParser
import Scheduling
import Suite

/// A switch that takes its value as a word, as teuthology-suite's do.
struct BoolArgument: ExpressibleByArgument {
  let value: Bool

  var defaultValueDescription: String { "\(value)" }

  init?(argument: String) {
    switch argument.lowercased() {
    case "true", "t", "yes", "y", "on", "1": value = true
    case "false", "f", "no", "n", "off", "0": value = false
    default: return nil
    }
  }

  init(_ value: Bool) { self.value = value }
}

/// What is run: the options of `suite schedule` that make the jobs.
struct RunOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("The suite, as fs or fs/workload.", valueName: "suite"))
  var suite: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("The kernel: a branch, distro, or none.", valueName: "branch"))
  var kernel = "distro"
  @Option(help: ArgumentHelp("The commit of the branch's build; default: what Shaman has.", valueName: "commit"))
  var kernelSha1: String?
  @Option(help: ArgumentHelp("Whether the kernel's debugger is enabled.", valueName: "bool"))
  var kdb = BoolArgument(true)
  @Option(name: .shortAndLong, help: ArgumentHelp("The branch of Ceph.", valueName: "branch"))
  var ceph: String?
  @Option(
    name: [.customShort("S"), .long],
    help: ArgumentHelp("The commit of Ceph; --ceph is its name then.", valueName: "commit"))
  var sha1: String?
  @Option(help: ArgumentHelp("Ceph's repository, by address or as me/ceph.", valueName: "repository"))
  var cephRepo: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("How Ceph's packages were built.", valueName: "flavor"))
  var flavor = "default"
  @Option(name: [.customShort("t"), .long], help: ArgumentHelp("The branch of teuthology.", valueName: "branch"))
  var teuthologyBranch: String?
  @Option(help: ArgumentHelp("The repository of the tests.", valueName: "repository"))
  var suiteRepo: String?
  @Option(help: ArgumentHelp("The branch of the tests; default: Ceph's, where it is there.", valueName: "branch"))
  var suiteBranch: String?
  @Option(help: ArgumentHelp("The commit of the tests.", valueName: "commit"))
  var suiteSha1: String?
  @Option(help: ArgumentHelp("A folder with the tests, taken as it is; it has qa/suites.", valueName: "dir"))
  var suiteDir: String?
  @Option(help: ArgumentHelp("Where suites/ is in the repository of the tests.", valueName: "path"))
  var suiteRelpath = "qa"
  @Option(name: .shortAndLong, help: ArgumentHelp("The distribution, and no job of another.", valueName: "type"))
  var distro: String?
  @Option(
    name: [.customShort("D"), .long], help: ArgumentHelp("Its version, by number or name.", valueName: "version"))
  var distroVersion: String?
  @OptionGroup var wanted: FilterOptions
  @Option(
    name: [.customShort("F"), .long],
    help: ArgumentHelp("Look for the texts in the paths of fragments, too, as Lua patterns.", valueName: "bool"))
  var filterFragments = BoolArgument(false)
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
  @Option(
    parsing: .unconditional, help: ArgumentHelp("For what is drawn; -1 draws the seed.", valueName: "number"))
  var seed = -1
  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp("Stop after so many jobs; 0 is no limit.", valueName: "n"))
  var limit = 0
  @Argument(help: ArgumentHelp("YAML files that go over every job.", valueName: "config-yaml"))
  var files: [String] = []

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit must be a number from 0 on") }
    if seed < -1 { throw ValidationError("--seed must be a number from 0 on, or -1") }
  }

  func apply(to options: inout ScheduleOptions) {
    options.suite = suite
    options.kernel = kernel
    options.kernelCommit = kernelSha1
    options.kdb = kdb.value
    options.cephBranch = ceph ?? Session.environment["TEUTH_CEPH_BRANCH"] ?? "main"
    options.cephCommit = sha1
    options.cephRepository = cephRepo
    options.flavor = flavor
    options.teuthologyBranch = teuthologyBranch
    options.suiteRepository = suiteRepo
    options.suiteBranch = suiteBranch
    options.suiteCommit = suiteSha1
    options.suiteFolder = suiteDir
    options.testsFolder = suiteRelpath
    options.distro = distro
    options.distroVersion = distroVersion
    options.filters = wanted.filters(looksAtFragments: filterFragments.value)
    options.subset = subset?.subset
    options.hasNestedSubsets = !noNestedSubset
    options.rules = compat ? .teuthology : .corrected
    options.seed = seed < 0 ? nil : seed
    options.limit = limit
    options.extraFiles = files
  }
}

/// How it is run: the options of `suite schedule` for the lab.
struct SchedulingOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp("How urgent it is; lower is sooner.", valueName: "number"))
  var priority = 1000
  @Flag(help: "Take the priority whatever the number of jobs.")
  var forcePriority = false
  @Option(
    parsing: .unconditional, help: ArgumentHelp("How many jobs a run may have; 0 is any number.", valueName: "n"))
  var jobThreshold: Int?
  @Option(name: .shortAndLong, help: ArgumentHelp("The machines, several with commas.", valueName: "type"))
  var machineType: String?
  @Option(help: ArgumentHelp("Their architecture; default: what the lock server says.", valueName: "arch"))
  var arch: String?
  @Option(
    name: [.customShort("N"), .long], parsing: .unconditional,
    help: ArgumentHelp("How often each job is scheduled.", valueName: "n"))
  var num = 1
  @Option(help: ArgumentHelp("Whom the machines are locked for.", valueName: "owner"))
  var owner: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("Who gets the results.", valueName: "address"))
  var email: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long the last job waits for the others, in seconds.", valueName: "seconds"))
  var timeout: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long machines rest before they are given back, in seconds.", valueName: "seconds"))
  var sleepBeforeTeardown = 0
  @Option(help: ArgumentHelp("Start no job after this time, as 2026-01-31T12:00, 7h or 3d.", valueName: "time"))
  var expire: String?
  @Option(help: ArgumentHelp("Rocket.Chat channels that are told of the end, with commas.", valueName: "a,b"))
  var rocketchat: String?
  @Option(help: ArgumentHelp("Where results are copied by rsync.", valueName: "place"))
  var archiveUpload: String?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("How long to wait after each job, in seconds.", valueName: "seconds"))
  var throttle = 0
  @Option(name: .shortAndLong, help: ArgumentHelp("Repeat the jobs of a run.", valueName: "run"))
  var rerun: String?
  @Option(
    name: [.customShort("R"), .long],
    help: ArgumentHelp("Which jobs of it: pass, fail, dead, queued, running, waiting.", valueName: "a,b"))
  var rerunStatuses = "fail,dead"
  @Flag(name: .shortAndLong, help: "The jobs say more of what they do; -vv is no more.")
  var verbose: Int
  @Flag(name: [.customShort("y"), .long], help: "Ask nothing; nothing is asked without it, either.")
  var nonInteractive = false
  @Option(help: ArgumentHelp("The time in the run's name; default: now.", valueName: "time"))
  var timestamp: String?

  func validate() throws {
    if !(0...Int(UInt32.max)).contains(priority) { throw ValidationError("--priority must be 0 to \(UInt32.max)") }
    if num < 1 { throw ValidationError("--num must be a number from 1 on") }
    if (jobThreshold ?? 0) < 0 { throw ValidationError("--job-threshold must be a number from 0 on") }
    if sleepBeforeTeardown < 0 { throw ValidationError("--sleep-before-teardown must be a number from 0 on") }
    if throttle < 0 { throw ValidationError("--throttle must be a number from 0 on") }
    if (timeout ?? 0) < 0 { throw ValidationError("--timeout must be a number from 0 on") }
  }

  func apply(to options: inout ScheduleOptions) {
    options.priority = priority
    options.forcesPriority = forcePriority
    options.jobThreshold = jobThreshold
    options.machineType = machineType
    options.architecture = arch
    options.count = num
    options.owner = owner
    options.email = email
    options.resultsTimeout = timeout
    options.sleepBeforeTeardown = sleepBeforeTeardown
    options.expire = expire
    options.rocketchat = rocketchat
    options.archiveUpload = archiveUpload
    options.throttle = throttle
    // Whoever lets machines sleep means one job, unless they say more.
    if sleepBeforeTeardown > 0, options.limit == 0 { options.limit = 1 }
    options.rerun = rerun
    options.rerunStatuses = PlanFilters.list(rerunStatuses)
    options.isVerbose = verbose > 0
    options.asksNothing = nonInteractive
    options.timestamp = timestamp
  }
}
