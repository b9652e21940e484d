import Host
import Suite

extension SuiteScheduler {
  /// Makes the options those of another run: its suite, seed, subset, and the jobs that ended as is asked for.
  /// - Throws: `conflict` when the options say something else, `missing` when no job ended so.
  func repeatRun(_ name: String, _ options: inout ScheduleOptions) async throws(HostError) {
    guard let results = lab.resultsServer else {
      throw HostError(.invalid, "--rerun asks the results server, and teuthology.yaml says that there is none")
    }
    guard options.suite == nil else {
      throw HostError(.invalid, "--rerun has the suite of its run: --suite cannot be given")
    }
    let report = try await host.run(named: name, at: results)
    guard let suite = report.suite else {
      throw HostError(.missing, "the run \(name) does not say of which suite it was")
    }
    options.suite = suite
    guard let memo = report.memo, let seed = memo.seed else {
      throw HostError(
        .missing, "no job of the run \(name) says which seed it had", hint: "schedule it with --suite and --seed")
    }
    if let asked = options.seed, asked != seed { throw Self.other("--seed \(asked)", "\(seed)", name) }
    options.seed = seed
    if let asked = options.subset, asked.description != memo.subset {
      throw Self.other("--subset \(asked)", memo.subset ?? "none", name)
    }
    if let text = memo.subset {
      guard let subset = MatrixSubset(text) else {
        throw HostError(.system, "the run \(name) has a subset that is none: \(text)")
      }
      options.subset = subset
    }
    if !options.hasNestedSubsets, memo.hasNestedSubsets {
      throw Self.other("--no-nested-subset", "nested subsets", name)
    }
    options.hasNestedSubsets = memo.hasNestedSubsets
    let wanted = report.jobs.filter { options.rerunStatuses.contains($0.status) }
    let descriptions = wanted.compactMap(\.description).filter { !$0.isEmpty }
    guard !descriptions.isEmpty else {
      let counts = report.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      throw HostError(
        .missing, "no job of \(name) is \(options.rerunStatuses.joined(separator: " or ")): \(counts)",
        hint: "--rerun-statuses names others")
    }
    options.filters.any += descriptions
  }

  private static func other(_ asked: String, _ had: String, _ run: String) -> HostError {
    HostError(
      .conflict, "\(asked) would not give the jobs of the run: it had \(had)",
      hint: "leave it out: --rerun \(run) takes it from the run")
  }
}
