import ArgumentParser
import Glibc
import Host
import Modules
import Suite

/// What jobs begin with and which of them are wanted: the options of the commands that merge.
struct MergeOptions: ParsableArguments {
  @OptionGroup var wanted: FilterOptions
  @Flag(help: "Look for the filters' texts in the paths of fragments, too, as Lua patterns.")
  var filterFragments = false
  @Option(help: ArgumentHelp("The distribution: in the base configuration, and no job of another.", valueName: "type"))
  var osType: String?
  @Option(help: ArgumentHelp("Its version, as 9.stream.", valueName: "version"))
  var osVersion: String?
  @Option(help: ArgumentHelp("A YAML file that all jobs begin with.", valueName: "file"))
  var baseConfig: String?
  @Option(help: ArgumentHelp("The kernel: a branch, distro, or none for no kernel task.", valueName: "branch"))
  var kernel: String?
  @Option(help: ArgumentHelp("The commit of the branch's build; default: 40 zeros.", valueName: "commit"))
  var kernelSha1: String?

  func validate() throws {
    guard kernelSha1 == nil || kernel != nil else { throw ValidationError("--kernel-sha1 is of a --kernel BRANCH") }
  }

  /// What all jobs have in common.
  func setup(_ matrix: SuiteMatrix, suite: String?, seed: PythonSeed) throws -> MergeSetup {
    guard let luaSeed = seed.int else {
      throw UsageError(message: "--seed \(seed): scripts draw from Lua, whose seeds have 64 bits; or give --no-merge")
    }
    let filters = wanted.filters(looksAtFragments: filterFragments)
    let text = try baseConfig.map { try Files.text($0) }
    var setup = MergeSetup(base: try base(text), suiteName: suite, seed: luaSeed, filters: filters, files: matrix.files)
    setup.baseText = text
    return setup
  }

  private func base(_ text: String?) throws -> YAMLValue {
    let value = try text.map { try YAMLValue(yaml: $0, file: baseConfig ?? "") } ?? .null
    let base = BaseConfiguration.make(
      file: value, kernel: kernel, commit: kernelSha1, osType: osType, osVersion: osVersion)
    guard let base else { throw UsageError(message: "\(baseConfig ?? ""): must be a mapping, not a \(value.kind)") }
    return base
  }
}
