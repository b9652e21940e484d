import Synchronization

extension LocalHost {
  /// Undoes one entry of the journal and strikes it out. What is gone already is no error; what is not ours any more
  /// (the host was started anew, or somebody made another device of that name) is left alone.
  /// - Parameters:
  ///   - disks: remove disk images too; otherwise they stay, and their entries go.
  ///   - network: of a part of a network, those that go with it: one alone stays for the others' sake.
  ///   - isLocked: the caller holds the network's lock.
  /// - Returns: whether it is gone; false for a part of a network, or a link, that others use.
  @discardableResult func undo(
    _ entry: JournalEntry, disks: Bool, now: Bool = false, of network: NetworkUndoing? = nil, isLocked: Bool = false,
    _ step: Step? = nil
  ) async throws(HostError) -> Bool {
    if entry.resource.isNetwork {
      return try await undo(entry, of: network ?? NetworkUndoing([entry]), isLocked: isLocked)
    }
    let sameBoot = entry.boot == (try Journal.bootID())
    switch entry.resource {
    case .machine(let name, let folder):
      // One whose set-up did not succeed has nothing to write, and may not answer.
      try await stopMachine(name: name, folder: folder, runs: sameBoot, gracefully: entry.kept && !now, step)
    case .link(let name, let folder):
      if try isUsed(link: name, in: folder) {
        if !isDryRun { try journal.leave(entry) }
        return false
      }
      for path in Self.sockets(ofLink: name, in: folder) where Files.exists(path) {
        if !plans("rm \(ShellText.quote(path))") { try Files.remove(path) }
      }
    case .disk(let path):
      if disks, !plans("rm \(ShellText.quote(path))") { try Files.remove(path) }
    case .temporary(let path):
      if !plans("rm \(ShellText.quote(path))") { try Files.remove(path) }
    case .temporaryFolder(let path):
      if !plans("rm -rf \(ShellText.quote(path))") { try Files.removeTree(path) }
    default: break
    }
    if isDryRun { _ = plannedUndone.withLock { $0.insert(entry.id) } } else { try journal.strike(entry) }
    return true
  }

  /// Says which lines of the journal cannot be read, and what finds the things that they told of, where it can.
  public func warnOfBrokenEntries() throws(HostError) {
    for path in try journal.brokenEntries() {
      warn(
        "the journal entry \(path) cannot be read; `kdevlua gc` removes it, with machines, taps and bridges that no entry "
          + "tells of; a disk, file, namespace or nftables table that it told of stays")
    }
  }

  /// Takes down what was made for a machine, or for all, in reverse order.
  /// - Parameters:
  ///   - name: a machine, a set-up, or what was made outside of any, such as a bridge; nil is everything in the journal.
  ///   - disks: remove the disk images too.
  ///   - now: end machines without asking their guests to power off.
  /// - Returns: what was undone, and the disks that stay.
  /// - Throws: `invalid` when nothing of that name is known, `busy` when another kdevlua is at work on it, for everything
  ///   after the rest is taken down; the first error of an undoing, after all others were tried.
  public func takeDown(_ name: String?, disks: Bool, now: Bool = false) async throws(HostError) -> (
    undone: [Resource], kept: [Resource]
  ) {
    try warnOfBrokenEntries()
    if !isDryRun { try removePartialFiles() }
    let all = try journal.entries()
    let isWanted = try wanted(name, among: all)
    var outcome = TakenDown(disks: disks)
    var locks: [String: FileLock] = [:]
    if !isDryRun {
      let own = all.filter(isWanted)
      for holder in Set(own.flatMap(\.lockNames)).sorted() {
        do throws(HostError) { locks[holder] = try await lock(holder) } catch {
          guard name == nil, error.code == .busy else { throw error }
          outcome.failed = outcome.failed ?? error
        }
      }
    }
    // Of names without a lock nothing is touched: somebody is at work on them, or they appeared since.
    func isMine(_ entry: JournalEntry) -> Bool { isDryRun || entry.lockNames.allSatisfy { locks[$0] != nil } }
    let things = try journal.entries().reversed().filter { entry in
      !entry.resource.isNetwork && isWanted(entry) && isMine(entry) && !entry.isTemporaryInUse
    }
    await takeDown(things, &outcome) { entry, step async throws(HostError) in
      try await self.undo(entry, disks: true, now: now, step)
    }
    // Networks last, and as a whole: nothing is on them any more. Whoever takes another machine of them down sees them as they
    // are before or after; a guest that takes its time to power off keeps nobody waiting.
    let networkLock = try await self.networkLock()
    defer { withExtendedLifetime((locks, networkLock)) {} }
    let left = Task.isCancelled ? [] : try await leftBehind(holding: &locks)
    let rest = try journal.entries().reversed().filter { entry in
      guard isMine(entry), !things.contains(where: { $0.id == entry.id }) else { return false }
      return left.contains(entry) || entry.resource.isNetwork && isWanted(entry)
    }
    let network = NetworkUndoing(rest.filter(\.resource.isNetwork))
    await takeDown(rest.filter { !$0.resource.isNetwork } + network.entries, &outcome) {
      entry, step async throws(HostError) in
      try await self.undo(entry, disks: true, of: network, isLocked: true, step)
    }
    if let failed = outcome.failed { throw failed }
    return (outcome.undone, outcome.kept)
  }

  /// What a name stands for: a machine, a set-up, or what was made outside of any, with all that belongs to it.
  /// - Parameter name: nil is everything.
  /// - Throws: `invalid` when nothing of that name is known.
  private func wanted(
    _ name: String?, among all: [JournalEntry]
  ) throws(HostError) -> @Sendable (JournalEntry) -> Bool {
    guard let name else { return { _ in true } }
    if all.contains(where: { $0.isFor(name) }) { return { $0.isFor(name) } }
    // A disk is known by what it was made by, too: the name of a file in the folder of disks.
    let disk = state.disks + "/" + name
    @Sendable func isNamed(_ entry: JournalEntry) -> Bool {
      entry.owner.isEmpty && (entry.resource.name == name || entry.resource == .disk(path: disk))
    }
    let named = all.filter(isNamed)
    guard !named.isEmpty else {
      let names = all.map { entry in
        guard entry.owner.isEmpty else { return entry.owner }
        return entry.isDisk && Files.folder(of: entry.resource.name) == state.disks
          ? Files.name(of: entry.resource.name) : entry.resource.name
      }
      let known = Set(names).sorted().joined(separator: ", ")
      throw HostError(
        .invalid, "nothing called \(name) was made here",
        hint: known.isEmpty
          ? "kdevlua ps lists what there is; KDEVLUA_STATE names another state" : "there are: \(known)")
    }
    var spaces: Set<String?> = []
    for case .masquerade(_, let space) in named.map(\.resource) { spaces.insert(space) }
    return { [spaces] entry in
      guard entry.owner.isEmpty else { return false }
      // It stays as long as another bridge needs it.
      if case .forwarding(let space) = entry.resource { return spaces.contains(space) }
      return isNamed(entry)
    }
  }

  private struct TakenDown {
    let disks: Bool
    var undone: [Resource] = []
    var kept: [Resource] = []
    var failed: HostError?
  }

  /// Undoes entries, each as a step of its own; goes on when one cannot be undone, and ends when the task is cancelled.
  private func takeDown(
    _ entries: [JournalEntry], _ outcome: inout TakenDown,
    _ undo: (JournalEntry, Step) async throws(HostError) -> Bool
  ) async {
    for entry in entries {
      if Task.isCancelled {
        outcome.failed = .cancelled
        return
      }
      if case .disk = entry.resource, entry.kept, !outcome.disks {
        outcome.kept.append(entry.resource)
        continue
      }
      do {
        let isGone = try await step("remove \(entry.resource.title)") { step async throws(HostError) in
          let isGone = try await undo(entry, step)
          if !isGone { step.adopted("stays: other machines use it") }
          return isGone
        }
        if isGone { outcome.undone.append(entry.resource) }
      } catch {
        outcome.failed = outcome.failed ?? error
        // Its set-up is no more: gc tries it again, too.
        if !isDryRun, entry.resource.isNetwork, !entry.owner.isEmpty { try? journal.leave(entry) }
      }
    }
  }

  /// Undoes the networks of a set-up as a whole, and what others have left in them for its sake. All under one lock, so that
  /// whoever undoes another part of them sees this one as it was before, or after.
  /// - Parameters:
  ///   - owner: the set-up, whose lock the caller holds.
  ///   - failed: hears of what could not be undone; the rest is undone all the same.
  func undoNetworks(
    _ entries: [JournalEntry], of owner: String, failed: (JournalEntry, HostError) -> Void
  ) async throws(HostError) {
    let networkLock = try await self.networkLock()
    var locks: [String: FileLock] = [:]
    let left = try await leftBehind(holding: &locks, besides: owner)
    defer { withExtendedLifetime((locks, networkLock)) {} }
    let network = NetworkUndoing(entries + left.filter { $0.resource.isNetwork && !entries.contains($0) })
    for entry in left.filter({ !$0.resource.isNetwork }) + network.entries {
      do throws(HostError) { try await undo(entry, disks: true, of: network, isLocked: true) } catch {
        failed(entry, error)
      }
    }
  }

  /// Bridges, what belongs to them, and links that stayed for other machines' sake when their own set-ups were undone: whoever
  /// undoes the last of these removes them.
  /// - Parameters:
  ///   - locks: gets the locks of their set-ups; what is of one that is at work is left out.
  ///   - owner: a set-up whose lock is held besides.
  private func leftBehind(
    holding locks: inout [String: FileLock], besides owner: String? = nil
  ) async throws(HostError) -> [JournalEntry] {
    func orphans() throws(HostError) -> [JournalEntry] {
      let all = try journal.entries()
      return all.filter { isOrphaned($0, in: all) }
    }
    if !isDryRun {
      for holder in Set(try orphans().flatMap(\.lockNames)).sorted() where locks[holder] == nil && holder != owner {
        locks[holder] = try? await lock(holder)
      }
    }
    let held = locks
    return try orphans().filter { entry in
      isDryRun || entry.lockNames.allSatisfy { held[$0] != nil || $0 == owner }
    }
  }

  private func isOrphaned(_ entry: JournalEntry, in all: [JournalEntry]) -> Bool {
    entry.isShared && entry.kept && entry.isLeft != false && !entry.owner.isEmpty && !entry.isElsewhere
      && !all.contains { $0.owner == entry.owner && !$0.isShared && !$0.isDisk }
  }
}

extension JournalEntry {
  /// Made for the machine, or the machine itself.
  func isFor(_ name: String) -> Bool {
    if case .machine(name, _) = resource { return true }
    return owner == name
  }
  /// The names whose locks whoever changes it holds: that of its set-up, and a machine's own.
  var lockNames: Set<String> {
    var names: Set<String> = owner.isEmpty ? [] : [owner]
    if case .machine(let name, _) = resource { names.insert(name) }
    return names
  }
  /// What several machines may use.
  var isShared: Bool {
    switch resource {
    case .tap, .tapSettings: false
    case .link: true
    default: resource.isNetwork
    }
  }
  /// A temporary file or folder of a program that runs still: it goes with it.
  var isTemporaryInUse: Bool {
    switch resource {
    case .temporary, .temporaryFolder: maker?.isRunning ?? false
    default: false
    }
  }
  var isDisk: Bool { if case .disk = resource { true } else { false } }
}
