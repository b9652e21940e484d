/// What becomes of a report of the guest's kernel while something waits for the guest.
public enum ReportPolicy: String, Sendable, CaseIterable {
  /// It is the error of what waits.
  case error
  /// It is an error when the kernel is broken; a report after which the kernel goes on is shown as a warning.
  case oops
  /// It is shown as a warning.
  case warn
  /// Nobody is told; the machine's list has it.
  case ignore

  fileprivate func raises(_ report: KernelReport) -> Bool {
    switch self {
    case .error: true
    case .oops: report.stopsPrograms
    case .warn, .ignore: false
    }
  }
}

extension Machine {
  /// All that the guest's kernel has reported since its boot, oldest first, decoded where its tree is known. What is returned
  /// counts as told: nothing raises it later.
  public func kernelReports() async -> [KernelReport] {
    reports.markSeen()
    var all: [KernelReport] = []
    for report in reports.all { all.append(await decoded(report)) }
    return all
  }

  /// Waits for the next report that nobody was told of.
  /// - Throws: `timeout`, `cancelled`.
  public func nextKernelReport(timeLimit: Duration?) async throws(HostError) -> KernelReport {
    let report = try await withTimeLimit(timeLimit, "the kernel of \(name) reported nothing") {
      () async throws(HostError) in
      try await reports.waitForNext()
    }
    return await decoded(report)
  }

  /// Runs `body`, which waits for the guest, and looks at what the guest's kernel reports meanwhile, and whether it can go on.
  /// - Throws: `kernelOops` and `kernelWarning` as the policy says: at once when a program may wait for ever, and else when
  ///   `body` has ended; before it when something was reported since the last time. `system` when
  ///   a disk has stopped the machine. What `body` throws, otherwise.
  func watchingReports<R: Sendable>(
    _ policy: ReportPolicy?, _ body: @escaping @Sendable () async throws(HostError) -> R
  ) async throws(HostError) -> R {
    let policy = policy ?? reportPolicy
    try await raiseReports(policy)
    let outcome = await withTaskGroup(of: Result<R, HostError>?.self) { group in
      group.addTask {
        do throws(HostError) { return .success(try await body()) } catch { return .failure(error) }
      }
      group.addTask { [reports, folder] in
        // A guest whose QEMU stands still after a panic (-action panic=pause) answers no more, whatever the policy.
        try? await reports.waitForNew(where: { $0.stopsPrograms && policy.raises($0) }, or: { folder.hasPanicEvent })
        return nil
      }
      group.addTask {
        do throws(HostError) { return .failure(try await self.waitForDiskTrouble()) } catch { return nil }
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    if case .failure(let error)? = outcome, error.code == .cancelled { throw error }
    // A program that an oops has killed has ended before the report has.
    try await reports.settle()
    try await raiseReports(policy)
    guard let outcome else {
      guard folder.hasPanicEvent else { throw .cancelled }
      throw HostError(.guest, "the guest \(name) panicked")
    }
    return try outcome.get()
  }

  /// Raises the first report that nobody was told of, and shows those that the policy does not raise.
  private func raiseReports(_ policy: ReportPolicy) async throws(HostError) {
    while let report = reports.next() {
      if policy.raises(report) {
        // One error tells of all: what follows a report most often follows from it.
        reports.markSeen()
        let told = await decoded(report)
        throw report.kind == .panic ? HostError(panic: told, in: self) : HostError(told, in: name)
      }
      if policy != .ignore { host.warn(HostError(report, in: name).message) }
    }
  }

  /// What was reported before anybody waited, as while the guest booted, is shown and raises nothing.
  func tellEarlierReports() {
    while let report = reports.next() { host.warn(HostError(report, in: name).message) }
  }

}
