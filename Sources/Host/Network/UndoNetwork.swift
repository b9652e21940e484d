import Synchronization

/// Parts of networks that are undone together: one look at the interfaces, and one call that removes those that go.
final class NetworkUndoing: Sendable {
  /// In the order in which they are undone: services, devices, what was moved, namespaces; of each the last one first.
  let entries: [JournalEntry]
  /// What is there, looked at once, and what of it stays.
  fileprivate let plan = Mutex<Plan?>(nil)
  /// What went wrong with the parts that are removed side by side, by the numbers of their entries; nil before that.
  fileprivate let failures = Mutex<[Int: HostError]?>(nil)

  struct Plan: Sendable {
    /// Devices that go, by their namespaces; empty when they are gone.
    var going: [String?: [Link]] = [:]
    /// The numbers of the entries that stay for other machines' sake.
    var staying: Set<Int> = []
    /// Those of them that others have lines of, too.
    var shared: Set<Int> = []
  }

  init(_ entries: some Sequence<JournalEntry>) {
    let sorted = entries.sorted { $0.id > $1.id }
    self.entries = (0...3).flatMap { turn in sorted.filter { $0.resource.turn == turn } }
  }
}

extension LocalHost {
  /// Undoes parts of networks.
  /// - Parameter isLocked: the caller holds the network's lock.
  /// - Returns: whether all of them are gone.
  @discardableResult
  func undoNetwork(_ entries: [JournalEntry], isLocked: Bool = false) async throws(HostError) -> Bool {
    let network = NetworkUndoing(entries)
    var areGone = true
    for entry in network.entries { areGone = try await undo(entry, of: network, isLocked: isLocked) && areGone }
    return areGone
  }

  /// Undoes one of them and strikes it out. What is gone, or is not ours any more, is left alone; what another machine uses
  /// stays, and goes with the last of them.
  /// - Returns: whether it is gone; false for what others use.
  @discardableResult
  func undo(
    _ entry: JournalEntry, of network: NetworkUndoing, isLocked: Bool = false
  ) async throws(HostError) -> Bool {
    let lock = isLocked ? nil : try await networkLock()
    defer { withExtendedLifetime(lock) {} }
    if entry.isElsewhere {
      guard entry.isOfNoNamespace else { throw entry.notHere }
      if isDryRun { _ = plannedUndone.withLock { $0.insert(entry.id) } } else { try journal.strike(entry) }
      return true
    }
    let plan = try await plan(of: network)
    if plan.staying.contains(entry.id) {
      if isDryRun { return false }
      if plan.shared.contains(entry.id) {
        // Another set-up has a line of the same bridge.
        try journal.strike(entry)
      } else {
        try journal.leave(entry)
      }
      return false
    }
    if entry.boot == (try Journal.bootID()), !isAnother(entry) {
      if isDryRun || (entry.resource.turn ?? 9) > 1 {
        try await remove(entry.resource, by: plan)
        if let namespace = entry.resource.deviceNamespace { network.plan.withLock { $0?.going[namespace] = [] } }
      } else {
        let failures = try await removeSideBySide(network, by: plan)
        if let failure = failures[entry.id] { throw failure }
      }
    }
    if isDryRun { _ = plannedUndone.withLock { $0.insert(entry.id) } } else { try journal.strike(entry) }
    if !isDryRun { try removeFolder(after: entry) }
    return true
  }

  /// Removes what was noted of the guests in a bridge, with the last line of it.
  private func removeFolder(after entry: JournalEntry) throws(HostError) {
    guard case .bridge(let name, _, let namespace) = entry.resource else { return }
    let isLast = try !journal.entries().contains { $0.resource.bridge == name && $0.resource.namespace == namespace }
    if isLast { try Files.removeTree(BridgeFolder(of: name, in: namespace, state).path) }
  }

  private func remove(_ resource: Resource, by plan: NetworkUndoing.Plan) async throws(HostError) {
    switch resource {
    case .tap(_, _, let namespace), .bridge(_, _, let namespace):
      try await removeLinks(plan.going[namespace] ?? [], in: namespace)
    case .tapSettings(let name, let index, let namespace, let master, let mtu, let isUp):
      try await giveBackTap(name, index, in: namespace, master: master, mtu: mtu, isUp: isUp)
    case .nameService(let bridge, let folder, _): try await stopNameService(of: bridge, in: folder)
    case .masquerade(let bridge, let namespace): try await removeMasquerade(of: bridge, in: namespace)
    case .forwarding(let namespace): try await setForwarding(false, in: namespace)
    case .movedLink(let name, let namespace, let addresses, let routes, let isUp):
      try await moveBack(name, from: namespace, addresses, routes, isUp: isUp)
    case .namespace(let name) where Files.exists(Self.namespaces + "/" + name):
      // With the namespace would go what could not be moved back from it.
      let boot = try Journal.bootID()
      let inside = isDryRun ? [] : try journal.entries().filter { $0.boot == boot && $0.resource.isMovedLink(to: name) }
      if let link = inside.first {
        throw HostError(
          .conflict, "the namespace \(name) stays, since \(link.resource.name) could not be moved back from it")
      }
      try await require(.change("ip", "netns", "del", name).privileged, to: "remove the namespace \(name)")
    default: break
    }
  }

  /// Removes services and devices, once for all entries: none of them needs another one, and each takes its time to end.
  /// - Returns: what went wrong, by the numbers of the entries.
  private func removeSideBySide(
    _ network: NetworkUndoing, by plan: NetworkUndoing.Plan
  ) async throws(HostError) -> [Int: HostError] {
    if let known = network.failures.withLock({ $0 }) { return known }
    let boot = try Journal.bootID()
    let going = network.entries.filter {
      $0.boot == boot && ($0.resource.turn ?? 9) < 2 && !plan.staying.contains($0.id) && !$0.isElsewhere
    }
    let failures = await withTaskGroup(of: (Set<Int>, HostError?).self) { group in
      var namespaces: Set<String?> = []
      for entry in going {
        var ids: Set = [entry.id]
        if let namespace = entry.resource.deviceNamespace {
          // The devices of a namespace go by one call.
          guard namespaces.insert(namespace).inserted else { continue }
          ids = Set(going.filter { $0.resource.deviceNamespace == .some(namespace) }.map(\.id))
        }
        group.addTask { [ids] in
          do throws(HostError) {
            try await self.remove(entry.resource, by: plan)
            return (ids, nil)
          } catch { return (ids, error) }
        }
      }
      var failures: [Int: HostError] = [:]
      for await (ids, failure) in group { if let failure { for id in ids { failures[id] = failure } } }
      return failures
    }
    network.failures.withLock { $0 = failures }
    return failures
  }

  /// The numbers of the entries that stay for other machines' sake.
  func staying(of network: NetworkUndoing) async throws(HostError) -> Set<Int> { try await plan(of: network).staying }

  private func plan(of network: NetworkUndoing) async throws(HostError) -> NetworkUndoing.Plan {
    if let known = network.plan.withLock({ $0 }) { return known }
    var plan = NetworkUndoing.Plan()
    let boot = try Journal.bootID()
    let entries = network.entries.filter { !$0.isElsewhere }
    // A dry run has left what would be gone by now.
    let undone = plannedUndone.withLock { $0 }
    let all = try journal.entries().filter { $0.boot == boot && !$0.isElsewhere }
    let others = all.filter { entry in !undone.contains(entry.id) && !entries.contains { $0.id == entry.id } }
    let leavers = entries + all.filter { undone.contains($0.id) }
    var foreign: [String?: [Link]] = [:]
    for namespace in Set(entries.filter { ($0.resource.turn ?? 9) < 2 && $0.boot == boot }.map(\.resource.namespace)) {
      if isGone(namespace) { continue }
      let links = try await links(in: namespace)
      foreign[namespace] = links.filter {
        $0.kind == .bridge && $0.stateOfMaker != nil && $0.stateOfMaker != state.root
      }
      var leaving: [Link] = []
      for link in links {
        // Without an index nobody knows whether it was made before kdevlua was killed; then one that is in use is somebody else's.
        let isForeign = link.alias.map { $0 != linkAlias } ?? (link.hasCarrier || !link.addresses.isEmpty)
        for entry in leavers where try isMade(link, in: namespace, by: entry) {
          if entry.resource.linkIndex == nil, isForeign { continue }
          leaving.append(link)
          break
        }
      }
      let made = all.compactMap { entry in
        if case .bridge(let name, _, namespace) = entry.resource { name } else { nil }
      }
      var stays = Set(
        links.filter { link in
          guard let master = link.master, !leaving.contains(where: { $0.index == link.index }),
            !leavers.contains(where: { $0.resource.givesBack(link, in: namespace, from: master) })
          else { return false }
          // In a bridge that is not ours, what has nothing to do with us uses nothing of ours.
          return made.contains(master) || link.stateOfMaker != nil
            || others.contains { $0.resource.isSettings(of: link, in: namespace) }
        }.compactMap(\.master))
      for entry in entries {
        guard let bridge = entry.resource.bridge, case .bridge = entry.resource, entry.resource.namespace == namespace,
          others.contains(where: { $0.resource == entry.resource })
        else { continue }
        plan.shared.insert(entry.id)
        stays.insert(bridge)
      }
      plan.going[namespace] = leaving.filter { !stays.contains($0.name) }.sorted { $0.index > $1.index }
      for entry in entries where entry.resource.namespace == namespace {
        if let bridge = entry.resource.bridge, stays.contains(bridge) { plan.staying.insert(entry.id) }
      }
    }
    let rest = others + entries.filter { plan.staying.contains($0.id) && !plan.shared.contains($0.id) }
    for entry in entries where entry.boot == boot {
      let isUsed =
        switch entry.resource {
        case .forwarding(let namespace):
          if rest.contains(where: { if case .masquerade(_, namespace) = $0.resource { true } else { false } }) {
            true
          } else {
            try await masquerades(foreign[namespace] ?? [], in: namespace)
          }
        // Another interface that was moved uses nothing of it.
        case .movedLink(_, let name, _, _, _):
          rest.contains { $0.resource.namespace == name && !$0.resource.isMovedLink(to: name) }
        case .namespace(let name): rest.contains { $0.resource.namespace == name }
        default: false
        }
      if isUsed { plan.staying.insert(entry.id) }
    }
    network.plan.withLock { [plan] in $0 = plan }
    return plan
  }
}

extension Resource {
  /// Part of a network.
  var isNetwork: Bool { turn != nil }

  /// When it is undone among the parts of a network.
  fileprivate var turn: Int? {
    switch self {
    case .nameService, .masquerade, .forwarding, .tapSettings: 0
    case .tap, .bridge: 1
    case .movedLink: 2
    case .namespace: 3
    case .link, .machine, .disk, .temporary, .temporaryFolder: nil
    }
  }

  fileprivate func isMovedLink(to namespace: String) -> Bool {
    if case .movedLink(_, namespace, _, _, _) = self { true } else { false }
  }

  /// The named network namespace that it is in; nil for what is in the caller's, or in none.
  var namespace: String? {
    switch self {
    case .tap(_, _, let namespace), .bridge(_, _, let namespace), .nameService(_, _, let namespace),
      .masquerade(_, let namespace), .forwarding(let namespace):
      namespace
    case .tapSettings(_, _, let namespace, _, _, _): namespace
    case .movedLink(_, let namespace, _, _, _): namespace
    default: nil
    }
  }

  /// Of a device, the namespace that it is in.
  fileprivate var deviceNamespace: String?? {
    switch self {
    case .tap(_, _, let namespace), .bridge(_, _, let namespace): .some(namespace)
    default: nil
    }
  }

  /// The bridge that it is or belongs to.
  fileprivate var bridge: String? {
    switch self {
    case .bridge(let name, _, _), .nameService(let name, _, _), .masquerade(let name, _): name
    default: nil
    }
  }
}
