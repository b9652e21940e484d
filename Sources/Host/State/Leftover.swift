import FoundationEssentials

/// Something on this host that kdevlua made and nobody uses any more.
public struct Leftover: Sendable, Equatable {
  enum Cure: Sendable, Equatable {
    /// What the journal tells of is undone.
    case undo(JournalEntry)
    /// Only the line of the journal is left.
    case strike(JournalEntry)
    case removeLink(name: String, index: Int, kind: Link.Kind)
    case removeTree(path: String)
    case removeFile(path: String)
    /// What DHCP and DNS are told of a machine is taken back.
    case forgetAddress(machine: String)
    /// It runs, and no line of the journal tells of it: one is written, so that `down` finds it.
    case record(Resource)
  }
  /// What it is, as `kdevlua ps` names it.
  public let title: String
  /// Why nobody needs it.
  public let reason: String
  let cure: Cure

  /// The line of the journal that tells of it.
  fileprivate var entry: JournalEntry? {
    switch cure {
    case .undo(let entry), .strike(let entry): entry
    default: nil
    }
  }

  /// The part of a network that is to be undone.
  fileprivate var networkEntry: JournalEntry? {
    if case .undo(let entry) = cure, entry.resource.isNetwork { entry } else { nil }
  }
}

extension LocalHost {
  /// Looks for what an interrupted set-up, an ended machine or a killed kdevlua has left, and removes it. Whatever another
  /// kdevlua is at work on is left alone.
  /// - Parameter cacheAge: also remove what is in the cache and was not used for so long; nil leaves the cache.
  /// - Returns: what was removed; in a dry run, what would be.
  /// - Throws: the first error of a removal, after all others were tried.
  public func collectGarbage(cacheAge: Duration?) async throws(HostError) -> [Leftover] {
    var locks: [String: FileLock] = [:]
    var found = try await leftovers(holding: &locks)
    if let cacheAge { found += try oldCacheFiles(notUsedFor: cacheAge) }
    defer { withExtendedLifetime(locks) {} }
    // Networks last, and as a whole: a part alone would stay for the others' sake.
    let network = NetworkUndoing(found.compactMap(\.networkEntry))
    found =
      found.filter { $0.networkEntry == nil }
      + network.entries.compactMap { entry in found.first { $0.networkEntry == entry } }
    var removed: [Leftover] = []
    var failed: HostError?
    for leftover in found {
      do {
        let isGone = try await step("remove \(leftover.title)") { step async throws(HostError) in
          step.detail(leftover.reason)
          let isGone = try await cure(leftover.cure, of: network, step)
          if !isGone { step.adopted("stays: other machines use it") }
          return isGone
        }
        if isGone { removed.append(leftover) }
      } catch {
        failed = failed ?? error
      }
    }
    if !isDryRun { try removeLockFiles(holding: locks) }
    if let failed { throw failed }
    return removed
  }

  /// What `collectGarbage` would remove. Changes nothing.
  public func leftovers() async throws(HostError) -> [Leftover] {
    var locks: [String: FileLock] = [:]
    return try await leftovers(holding: &locks)
  }

  /// - Parameter locks: gets the locks of all names that the answer is about; all others are let go.
  private func leftovers(holding locks: inout [String: FileLock]) async throws(HostError) -> [Leftover] {
    // Interfaces first: whoever makes one has written a line of it before.
    let links = executables.find("ip") == nil ? [] : try await links()
    let entries = try journal.entries()
    for name in Set(entries.flatMap(\.lockNames)) where locks[name] == nil { locks[name] = try? freeLock(name) }
    let free = entries.filter { $0.lockNames.allSatisfy { locks[$0] != nil } }
    let boot = try Journal.bootID()
    func runs(_ entry: JournalEntry) -> Bool {
      if case .machine(_, let folder) = entry.resource { entry.boot == boot && qemu(in: folder) != nil } else { false }
    }
    // Set-ups whose machines have all ended.
    let over = Set(free.filter { $0.isMachine }.map(\.owner)).subtracting([""])
      .subtracting(entries.filter { runs($0) }.map(\.owner))

    var found: [Leftover] = []
    for entry in free.reversed() {
      let title = entry.resource.title
      func add(_ reason: String, _ cure: Leftover.Cure) {
        found.append(Leftover(title: title, reason: reason, cure: cure))
      }
      if entry.isElsewhere {
        if entry.isOfNoNamespace { add("its network namespace is gone", .undo(entry)) }
        continue
      }
      switch entry.resource {
      case _ where !entry.kept: add("of an interrupted set-up of \(entry.owner)", .undo(entry))
      case .machine: if !runs(entry) { add("has ended", .undo(entry)) }
      case .nameService, .masquerade, .forwarding, .namespace, .movedLink:
        let space = if case .namespace(let name) = entry.resource { name } else { entry.resource.namespace }
        if entry.boot != boot || isGone(space) || isAnother(entry) {
          add("is gone", .undo(entry))
        } else if over.contains(entry.owner) {
          add("its machine has ended", .undo(entry))
        }
      case .tap(let name, let index, let space), .bridge(let name, let index, let space):
        let isSeen =
          space == nil
          ? links.contains { $0.name == name && (index == nil || $0.index == index) } : !isGone(space)
        let isThere = isSeen && entry.boot == boot
        if !isThere {
          add("is gone", .strike(entry))
        } else if over.contains(entry.owner) {
          add("its machine has ended", .undo(entry))
        }
      case .tapSettings:
        if entry.boot != boot {
          add("is gone", .strike(entry))
        } else if over.contains(entry.owner) {
          add("its machine has ended", .undo(entry))
        }
      case .link(let name, let folder):
        // Its sockets are files that QEMU makes, and programs that have made a link end long before its machines.
        if try isUsed(link: name, in: folder) { continue }
        if over.contains(entry.owner) {
          add("its machine has ended", .undo(entry))
        } else if entry.boot != boot || entry.maker?.isRunning != true {
          add("no machine is at it, and the program that made it has ended", .undo(entry))
        }
      case .disk(let path): if !Files.exists(path) { add("is gone", .strike(entry)) }
      case .temporary(let path), .temporaryFolder(let path):
        if !Files.exists(path) {
          add("is gone", .strike(entry))
        } else if let maker = entry.maker, entry.boot != boot || !maker.isRunning {
          add("the program that made it has ended", .undo(entry))
        }
      }
    }
    found += await unusedParts(free.filter { $0.isLeft ?? false && $0.boot == boot && !$0.isElsewhere }, found)
    let named = Set(
      found.flatMap { leftover -> Set<String> in
        switch leftover.cure {
        case .undo(let entry), .strike(let entry): entry.lockNames
        default: []
        }
      })
    locks = locks.filter { named.contains($0.key) }
    found += try unrecordedMachines(entries, &locks)
    found += try unrecordedLinks(links, entries)
    found += try unusedAddresses()
    for path in try journal.brokenEntries() {
      found.append(
        Leftover(title: "journal entry \(path)", reason: "cannot be read", cure: .removeFile(path: path)))
    }
    return found + partialFiles() + (try partialTemplates(holding: &locks))
  }

  /// Of the parts of networks that set-ups have left for others, those that nobody uses any more.
  /// - Parameter found: what goes, too.
  private func unusedParts(_ left: [JournalEntry], _ found: [Leftover]) async -> [Leftover] {
    let known = Set(found.compactMap(\.entry?.id))
    let rest = left.filter { !known.contains($0.id) }
    guard !rest.isEmpty,
      let staying = try? await staying(of: NetworkUndoing(found.compactMap(\.networkEntry) + rest))
    else { return [] }
    return rest.filter { !staying.contains($0.id) }.map { entry in
      Leftover(title: entry.resource.title, reason: "nobody uses it any more", cure: .undo(entry))
    }
  }

  /// Interfaces with our alias that no line of the journal tells of, and nobody uses: taps, then the bridges that only they
  /// were in.
  private func unrecordedLinks(_ links: [Link], _ entries: [JournalEntry]) throws(HostError) -> [Leftover] {
    var found: [Leftover] = []
    var names: Set<String> = []
    for kind in [Link.Kind.tap, .bridge] {
      for link in links where link.alias == linkAlias && link.kind == kind {
        var isKnown = false
        for entry in entries where try isMade(link, in: nil, by: entry) { isKnown = true }
        let isUsed =
          kind == .tap
          ? link.hasCarrier : links.contains { $0.master == link.name && !names.contains($0.name) }
        if isKnown || isUsed { continue }
        names.insert(link.name)
        found.append(
          Leftover(
            title: "\(kind.text) \(link.name)", reason: "the journal tells nothing of it",
            cure: .removeLink(name: link.name, index: link.index, kind: kind)))
      }
    }
    return found
  }

  /// Folders of machines that the journal tells nothing of: somebody removed the line, or it cannot be read.
  private func unrecordedMachines(
    _ entries: [JournalEntry], _ locks: inout [String: FileLock]
  ) throws(HostError) -> [Leftover] {
    guard Files.exists(state.machines) else { return [] }
    var found: [Leftover] = []
    for name in try Files.list(state.machines) {
      let folder = state.machines + "/" + name
      let resource = Resource.machine(name: name, folder: folder)
      if entries.contains(where: { $0.resource == resource }) { continue }
      if locks[name] == nil { locks[name] = try? freeLock(name) }
      // A name with a lock may have come into the journal since it was read.
      guard locks[name] != nil, try !journal.entries().contains(where: { $0.resource == resource }) else { continue }
      found.append(
        qemu(in: folder) != nil
          ? Leftover(title: "machine \(name)", reason: "runs; written into the journal again", cure: .record(resource))
          : Leftover(
            title: "folder \(folder)", reason: "the journal tells nothing of it", cure: .removeTree(path: folder)))
    }
    return found
  }

  /// Addresses that are noted for machines that are not there. A machine's line in the journal is older than its note, so that
  /// none is missed that is being launched.
  private func unusedAddresses() throws(HostError) -> [Leftover] {
    let names = try namesWithAddress()
    if names.isEmpty { return [] }
    let machines = try journal.entries().map(\.resource)
    return names.sorted().compactMap { name in
      let folder = state.machines + "/" + name
      guard !machines.contains(.machine(name: name, folder: folder)), qemu(in: folder) == nil else { return nil }
      return Leftover(
        title: "address of \(name)", reason: "there is no such machine", cure: .forgetAddress(machine: name))
    }
  }

  /// Files that were being written when their writers were killed (`Files.write`).
  private func partialFiles() -> [Leftover] {
    let folders = stateFolders + ["", "/initramfs", "/vmlinux"].map { state.cache + $0 }
    return Self.partialFiles(in: folders).map { path in
      Leftover(title: "file \(path)", reason: "its writer was killed", cure: .removeFile(path: path))
    }
  }

  /// Removes what killed writers have left in the state folder: no line of the journal tells of it.
  func removePartialFiles() throws(HostError) {
    for path in Self.partialFiles(in: stateFolders) { try Files.remove(path) }
  }

  private var stateFolders: [String] {
    [state.root, state.journal] + ((try? Files.list(state.machines)) ?? []).map { state.machines + "/" + $0 }
  }

  private static func partialFiles(in folders: [String]) -> [String] {
    folders.flatMap { folder in
      ((try? Files.list(folder)) ?? []).compactMap { name in
        let parts = name.split(separator: ".")
        guard parts.count > 2, parts.last == "partial", let writer = Int32(parts[parts.count - 2]),
          ProcessIdentity(running: writer) == nil
        else { return nil }
        return folder + "/" + name
      }
    }
  }

  /// - Returns: false for a part of a network that others use.
  private func cure(
    _ cure: Leftover.Cure, of network: NetworkUndoing, _ step: Step
  ) async throws(HostError) -> Bool {
    switch cure {
    case .undo(let entry): return try await undo(entry, disks: true, of: network, step)
    case .strike(let entry): if !isDryRun { try journal.strike(entry) }
    case .removeLink(let name, let index, let kind):
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      let link = try await links().first { $0.name == name && $0.index == index && $0.kind == kind }
      try await removeLinks(link.map { [$0] } ?? [], in: nil)
    case .removeTree(let path): if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
    case .removeFile(let path): if !plans("rm \(ShellText.quote(path))") { try Files.remove(path) }
    case .forgetAddress(let machine): if !isDryRun { try forgetAddress(of: machine) }
    case .record(let resource): if !isDryRun { _ = try journal.record(resource, owner: "", kept: true) }
    }
    return true
  }

  /// Removes the locks of names that nothing is known of.
  private func removeLockFiles(holding locks: [String: FileLock]) throws(HostError) {
    guard Files.exists(state.locks) else { return }
    let used = Set(try journal.entries().flatMap(\.lockNames))
    for file in try Files.list(state.locks) where file.hasSuffix(".lock") {
      let name = String(file.dropLast(5))
      guard !used.contains(name), !Files.exists(state.machines + "/" + name) else { continue }
      // Held while it is removed: whoever opened it before sees that it is gone (`FileLock.attempt`).
      let lock = if let held = locks[name] { held } else { try FileLock.attempt(state.locks + "/" + file) }
      if lock != nil { try Files.remove(state.locks + "/" + file) }
      withExtendedLifetime(lock) {}
    }
  }
}

extension JournalEntry {
  var isMachine: Bool { if case .machine = resource { true } else { false } }
}
