/// What teuthology's command line puts into the base configuration of all jobs of a run.
public enum BaseConfiguration {
  /// What stands for the commit of a kernel branch that nobody named: git's own word for no commit.
  public static let noCommit = String(repeating: "0", count: 40)

  /// - Parameters:
  ///   - file: the configuration that the others are put into; null counts as empty.
  ///   - kernel: a branch of kernels that were built, "distro", or "none" and nil for no kernel task.
  ///   - commit: the commit of the kernel's build.
  ///   - osType: the distribution that jobs must have, as "centos".
  ///   - osVersion: its version, as "9.stream".
  /// - Returns: nil when the file's value is no mapping.
  public static func make(
    file: YAMLValue = .null, kernel: String? = nil, commit: String? = nil, osType: String? = nil,
    osVersion: String? = nil
  ) -> YAMLValue? {
    guard var base = file.isNull ? YAMLMapping() : file.mapping else { return nil }
    if let kernel, let stanza = stanza(of: kernel, commit: commit ?? noCommit) { base["kernel"] = stanza }
    // teuthology-suite lowers both.
    if let osType { base["os_type"] = .string(osType.lowercased()) }
    if let osVersion { base["os_version"] = .string(osVersion.lowercased()) }
    return .mapping(base)
  }

  /// As `choose_kernel` of teuthology's `run.py` makes it.
  private static func stanza(of kernel: String, commit: String) -> YAMLValue? {
    if kernel.lowercased() == "none" { return nil }
    if kernel == "distro" { return ["branch": "distro", "kdb": 1, "sha1": "distro"] }
    return ["branch": .string(kernel), "kdb": 1, "sha1": .string(commit), "flavor": "default"]
  }
}

/// Which jobs of a suite are wanted, by their descriptions: teuthology's `--filter` and its kin.
public struct PlanFilters: Sendable, Equatable {
  /// A job must match one of these, if there are any.
  public var any: [String] = []
  /// A job must match none of these.
  public var none: [String] = []
  /// A job must match all of these.
  public var all: [String] = []
  /// Whether fragments' paths are looked at, too; there the texts are Lua patterns.
  public var looksAtFragments = false

  public init() {}

  /// The texts of a list with commas, without the blanks around them. An empty text between two commas stays: it matches
  /// every job, as in teuthology.
  public static func list(_ text: String) -> [String] {
    if text.isEmpty { return [] }
    return text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false).map { item in
      var item = item.drop { $0.properties.isWhitespace }
      while item.last?.properties.isWhitespace == true { item.removeLast() }
      return String(item)
    }
  }
}
