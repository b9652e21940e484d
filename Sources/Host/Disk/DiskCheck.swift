import FoundationEssentials

/// What a look at the inside of an image found.
public struct DiskCheck: Sendable, Equatable {
  public enum Outcome: String, Sendable {
    case ok
    /// Room in the file that nothing refers to. It does no harm.
    case leaks
    /// What the guest reads may be wrong.
    case corrupt
    /// The format has nothing that could be checked (raw).
    case unsupported
  }
  public let outcome: Outcome
  public let corruptions: Int
  public let leaks: Int
  /// What a repair has mended.
  public let corruptionsFixed: Int
  public let leaksFixed: Int
  /// The first lines of what qemu-img says of it.
  public let text: String
}

/// What is mended by a check: only what does no harm, or all; the latter may lose data.
public enum DiskRepair: String, Sendable { case leaks, all }

/// What `qemu-img check --output json` tells.
private struct CheckReport: Decodable {
  var corruptions: Int?
  var leaks: Int?
  var corruptionsFixed: Int?
  var leaksFixed: Int?
  var errors: Int?

  private enum CodingKeys: String, CodingKey {
    case corruptions, leaks
    case corruptionsFixed = "corruptions-fixed"
    case leaksFixed = "leaks-fixed"
    case errors = "check-errors"
  }
}

extension LocalHost {
  /// Looks whether an image is whole inside: `qemu-img check`, whose statuses are 0 for a good one, 2 for a corrupt one, 3
  /// for leaks and 63 where there is nothing to check (qemu-img(1)).
  /// - Parameters:
  ///   - repair: mend it. All is mended on a copy, which takes the image's place when it is whole.
  /// - Throws: `busy` when a program has it open, `command` when it cannot be opened or the check itself fails.
  public func check(
    _ disk: Disk, repair: DiskRepair? = nil, in transaction: Transaction
  ) async throws(HostError) -> DiskCheck {
    try await step("check \(Files.name(of: disk.path))") { step async throws(HostError) in
      if isDryRun, !Files.exists(disk.path) {
        return DiskCheck(outcome: .ok, corruptions: 0, leaks: 0, corruptionsFixed: 0, leaksFixed: 0, text: "")
      }
      let found: DiskCheck
      switch repair {
      case nil: found = try await check(disk.path, disk.format, nil)
      case .leaks?:
        try requireUnused(disk.path)
        found = try await check(disk.path, disk.format, .leaks)
      case .all?:
        let before = try await check(disk.path, disk.format, nil)
        if before.outcome == .ok || before.outcome == .unsupported {
          found = before
        } else {
          try requireUnused(disk.path)
          found = try await replacing(disk.path, in: transaction) { copy async throws(HostError) in
            let mended = try await self.check(copy, disk.format, .all)
            guard mended.outcome == .ok || self.isDryRun else {
              throw HostError(
                .system, "\(disk.path) cannot be repaired: \(mended.corruptions) errors are left", detail: mended.text)
            }
            return mended
          }
        }
      }
      step.detail(found.outcome.rawValue)
      return found
    }
  }

  private func check(
    _ path: String, _ format: Disk.Format, _ repair: DiskRepair?
  ) async throws(HostError) -> DiskCheck {
    let arguments =
      ["qemu-img", "check", "--output", "json", "-f", format.rawValue] + (repair.map { ["-r", $0.rawValue] } ?? [])
      + [path]
    let command = Command(arguments: arguments, effect: repair == nil ? .query : .change)
    let result = try await run(command)
    let outcome: DiskCheck.Outcome
    switch result.status {
    case 0: outcome = .ok
    case 2: outcome = .corrupt
    case 3: outcome = .leaks
    case 63: outcome = .unsupported
    default:
      if isLockComplaint(result.errorText) { throw busy(path, detail: result.errorText) }
      throw failure(of: command, result, to: "check the disk \(path)")
    }
    let report = try? JSONDecoder().decode(CheckReport.self, from: Data(result.output))
    return DiskCheck(
      outcome: outcome, corruptions: report?.corruptions ?? 0, leaks: report?.leaks ?? 0,
      corruptionsFixed: report?.corruptionsFixed ?? 0, leaksFixed: report?.leaksFixed ?? 0,
      text: result.errorText.split(separator: "\n").prefix(20).joined(separator: "\n"))
  }
}
