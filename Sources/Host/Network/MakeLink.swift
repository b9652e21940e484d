extension LocalHost {
  /// Holds while interfaces are looked at and made, so that two of us do not both find a name or a network free.
  func networkLock() async throws(HostError) -> NamespaceLock? {
    if isDryRun { return nil }
    return try await NamespaceLock.acquire(
      "network", within: .seconds(60), else: "another kdevlua has been making or removing interfaces for a minute")
  }

  /// The alias of the interfaces that are made with this state: whose an interface is, for every kdevlua and in `ip link`.
  var linkAlias: String { Link.aliasPrefix + state.root }

  /// Makes a device: into the journal, by the first command, its index noted, then the others. When one fails, or the task
  /// is cancelled, the device is gone again.
  /// - Parameter commands: each with its purpose, as in "could not PURPOSE".
  /// - Returns: its line in the journal; nil in a dry run.
  func makeLink(
    _ name: String, _ kind: Link.Kind, by commands: [(Command, purpose: String)], in transaction: Transaction
  ) async throws(HostError) -> JournalEntry? {
    guard let add = commands.first else { return nil }
    func resource(_ index: Int?) -> Resource {
      kind == .tap ? .tap(name: name, index: index) : .bridge(name: name, index: index)
    }
    var entry = isDryRun ? nil : try transaction.record(resource(nil))
    do throws(HostError) {
      let result = try await run(add.0.privileged)
      guard result.succeeded else {
        // It was not made: a device of that name is somebody else's.
        if let made = entry { try transaction.strike(made) }
        entry = nil
        throw failure(of: add.0.privileged, result, to: add.purpose)
      }
      if let made = entry { entry = try transaction.update(made, resource(try await link(name)?.index)) }
      for (command, purpose) in commands.dropFirst() { try await require(command.privileged, to: purpose) }
      return entry
    } catch {
      if let made = entry {
        try await uncancelled { () async throws(HostError) in
          // Not by `undo`, which takes the lock that is held here.
          try await self.removeLink(name, index: made.resource.linkIndex, kind: kind)
          try transaction.strike(made)
        }
      }
      throw error
    }
  }

  /// Removes an interface that kdevlua made: of that name, kind and index. Without an index nobody knows whether it was
  /// made before kdevlua was killed; then one that is in use is somebody else's.
  func removeLink(_ name: String, index: Int?, kind: Link.Kind) async throws(HostError) {
    guard let link = try await link(name), link.kind == kind, index == nil || index == link.index else { return }
    if index == nil, link.alias.map({ $0 != linkAlias }) ?? (link.hasCarrier || !link.addresses.isEmpty) { return }
    try await require(.change("ip", "link", "del", name).privileged, to: "remove the \(kind.text) \(name)")
  }

  /// Whether a line of the journal tells of this very device, and not of an earlier one of its name.
  func isMade(_ link: Link, by entry: JournalEntry) throws(HostError) -> Bool {
    guard entry.boot == (try Journal.bootID()) else { return false }
    return switch entry.resource {
    case .tap(link.name, let index), .bridge(link.name, let index): index == nil || index == link.index
    default: false
    }
  }
}
