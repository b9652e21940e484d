extension LocalHost {
  /// Holds while interfaces are looked at and made, so that two of us do not both find a name or a network free.
  func networkLock() async throws(HostError) -> NamespaceLock? {
    if isDryRun { return nil }
    return try await NamespaceLock.acquire(
      "network", within: .seconds(60), else: "another kdevlua has been making or removing interfaces for a minute")
  }

  /// The alias of the interfaces that are made with this state: whose an interface is, for every kdevlua and in `ip link`.
  var linkAlias: String { Link.aliasPrefix + state.root }

  /// Makes a device: into the journal, then all commands in one call, with its index noted. When one fails, or the task is
  /// cancelled, the device is gone again.
  /// - Parameter batch: the first line makes the device. One gives it our alias, before it has an address or is used: by that it
  ///   is known for ours when kdevlua is killed in between.
  /// - Returns: its line in the journal; nil in a dry run.
  func makeLink(
    _ name: String, _ kind: Link.Kind, by batch: IPBatch, in transaction: Transaction
  ) async throws(HostError) -> JournalEntry? {
    // IFALIASZ, in linux/if.h.
    guard linkAlias.utf8.count < 256 else {
      throw HostError(
        .invalid, "the state folder's path is too long for the alias of an interface: \(state.root)",
        hint: "set KDEVLUA_STATE to a shorter path")
    }
    var batch = batch
    batch.shown = name
    func resource(_ index: Int?) -> Resource {
      kind == .tap
        ? .tap(name: name, index: index, namespace: batch.namespace)
        : .bridge(name: name, index: index, namespace: batch.namespace)
    }
    if isDryRun {
      try await require(batch)
      return nil
    }
    let entry = try transaction.record(resource(nil))
    do throws(HostError) {
      let outcome = try await run(batch)
      if let failure = outcome.failure {
        // It was not made: a device of that name is somebody else's.
        if failure.line == 0 { try transaction.strike(entry) }
        throw failure.error
      }
      return try transaction.update(entry, resource(outcome.shownIndex))
    } catch {
      if journal.has(entry) {
        try await uncancelled { () async throws(HostError) in try await self.undoNetwork([entry], isLocked: true) }
      }
      throw error
    }
  }

  /// Removes interfaces that kdevlua made, of one namespace, in one call. In the caller's it is over when the kernel knows them no
  /// more: that it waits after that, for 20 to 40 ms of RCU's grace periods, until it can free their memory, is nothing to wait for
  /// (unregister_netdevice_many_notify and netdev_run_todo in net/core/dev.c).
  func removeLinks(_ links: [Link], in namespace: String?) async throws(HostError) {
    guard !links.isEmpty, !isGone(namespace) else { return }
    var batch = IPBatch(namespace: namespace)
    for link in links { batch.add("link", "del", "dev", link.name, to: "remove the \(link.kind.text) \(link.name)") }
    if links.count > 1 {
      // For each device that goes the kernel waits until nobody uses it any more, some 30 ms; for a group of them once
      // (rtnl_group_dellink in net/core/rtnetlink.c). The number is one that nobody else has come upon.
      let group = String(UInt32.random(in: 1 << 24..<1 << 31))
      batch.shortcut =
        links.map { ["link", "set", "dev", $0.name, "group", group] } + [["link", "del", "group", group]]
    }
    // Of one that somebody else has removed ip has to say so; it may find another one of its name.
    if namespace == nil, !links.contains(where: \.isGone) { batch.hasHappened = { links.allSatisfy(\.isGone) } }
    try await require(batch)
  }

  /// Whether a line of the journal tells of this very device, and not of an earlier one of its name.
  /// - Parameter namespace: the one that the device is in.
  func isMade(_ link: Link, in namespace: String?, by entry: JournalEntry) throws(HostError) -> Bool {
    guard entry.boot == (try Journal.bootID()), !entry.isElsewhere else { return false }
    return switch entry.resource {
    case .tap(link.name, let index, namespace): link.kind == .tap && (index == nil || index == link.index)
    case .bridge(link.name, let index, namespace): link.kind == .bridge && (index == nil || index == link.index)
    default: false
    }
  }
}
