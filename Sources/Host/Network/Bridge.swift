import Synchronization

/// A bridge that guests' taps are in.
public struct Bridge: Sendable, Equatable {
  public let name: String
  /// The host's own address in it, with which guests reach the host.
  public let address: Link.Address?
  /// kdevlua made it: no other program gives out addresses in it.
  public let isOurs: Bool
  /// Its line in the journal, when it was made now and not taken over.
  let entry: JournalEntry?
}

extension LocalHost {
  /// Makes a bridge and gives the host an address in it; takes over one that is there.
  /// As in the document: `ip link add name NAME type bridge`, `ip link set NAME up`, and `ip address add` so that host and
  /// guest reach each other.
  /// - Parameters:
  ///   - name: the bridge's name, 15 characters at most.
  ///   - address: the host's address and prefix length, `192.168.77.1/24`; nil chooses a 192.168.N.0/24 that the host
  ///     does not have yet.
  /// - Throws: `conflict` when the name is another kind of interface, or the address is taken.
  public func makeBridge(_ name: String, address: String?, in transaction: Transaction) async throws(HostError)
    -> Bridge
  {
    try Self.validate(interfaceName: name)
    if let address { _ = try IPv4.Network(address) }
    return try await step("bridge \(name)") { step async throws(HostError) in
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      let links = try await links()
      if let link = links.first(where: { $0.name == name }) {
        guard link.kind == .bridge else {
          throw HostError(
            .conflict, "the name \(name) is taken by a \(link.kind.text) interface", hint: "choose another name")
        }
        if let address, !link.addresses.contains(where: { $0.text == address }) {
          let has = link.addresses.map(\.text).joined(separator: ", ")
          throw HostError(
            .conflict, "the bridge \(name) has \(has.isEmpty ? "no address" : has), not \(address)",
            hint: "leave the address out to use it as it is, or choose another name")
        }
        if !link.isUp {
          try await require(.change("ip", "link", "set", name, "up").privileged, to: "bring \(name) up")
        }
        var users: [JournalEntry] = []
        for entry in try journal.entries() where try isMade(link, by: entry) { users.append(entry) }
        var entry: JournalEntry?
        if !users.isEmpty, !users.contains(where: { $0.owner == transaction.owner }), !isDryRun {
          // From now on it is this one's, too: it goes with the last of those that use it.
          entry = try transaction.record(.bridge(name: name, index: link.index))
        }
        step.adopted(link.addresses.first?.text ?? "without an address")
        return Bridge(name: name, address: link.addresses.first, isOurs: !users.isEmpty, entry: entry)
      }
      let network = if let address { try IPv4.Network(address) } else { try Self.freeNetwork(links) }
      let entry = try await makeLink(
        name, .bridge,
        by: [
          (.change("ip", "link", "add", "name", name, "type", "bridge"), "make the bridge \(name)"),
          (.change("ip", "address", "add", network.text, "dev", name), "give \(name) the address \(network.text)"),
          (.change("ip", "link", "set", name, "up", "alias", linkAlias), "bring \(name) up"),
        ], in: transaction)
      step.detail(network.text)
      return Bridge(
        name: name, address: Link.Address(address: network.host, prefixLength: network.prefixLength), isOurs: true,
        entry: entry)
    }
  }

  /// Removes a bridge that was made by `makeBridge` when nothing is in it any more; one that was taken over stays.
  public func remove(_ bridge: Bridge) async throws(HostError) {
    if let entry = bridge.entry { try await undo(entry, disks: false) }
  }

  /// What the init of a machine's guest configures: in a bridge of ours an address that no other machine has, `dhcp` in
  /// anyone else's. The same machine gets the same address.
  public func guestAddress(for machine: String, in bridge: Bridge) throws(HostError) -> String {
    guard bridge.isOurs, let address = bridge.address else { return "dhcp" }
    let network = try IPv4.Network(address.text)
    if let own = try self.machine(machine)?.record.address,
      network.overlaps(Link.Address(address: own, prefixLength: 32))
    {
      return "\(own)/\(network.prefixLength),\(network.host)"
    }
    let room = UInt32(1) << UInt32(32 - network.prefixLength)
    for offset in 0..<room {
      guard let candidate = network.address((fnv1a(machine) &+ offset) % room) else { continue }
      // First kept from others, then looked at: whoever had it before has written it down by then.
      let reservation = Self.reservation(ofAddress: candidate)
      guard try reserve(reservation, for: machine) else { continue }
      if try machines().contains(where: { $0.record.spec.name != machine && $0.record.address == candidate }) {
        release(reservation)
        continue
      }
      return "\(candidate)/\(network.prefixLength),\(network.host)"
    }
    throw HostError(.busy, "no address is free in \(bridge.name)", hint: "kdevlua ps lists the machines that have one")
  }

  /// The first 192.168.N.1/24 whose network no interface of the host is in.
  static func freeNetwork(_ links: [Link]) throws(HostError) -> IPv4.Network {
    let taken = links.flatMap(\.addresses)
    for third in 77..<255 {
      let candidate = try IPv4.Network("192.168.\(third).1/24")
      if !taken.contains(where: { candidate.overlaps($0) }) { return candidate }
    }
    throw HostError(
      .busy, "the host is in every network from 192.168.77.0/24 to 192.168.254.0/24", hint: "give the bridge an address"
    )
  }

  /// Removes a bridge that kdevlua made, unless somebody uses it still.
  /// - Parameter entry: its line in the journal.
  /// - Returns: `.removed`; `.shared` when another set-up has a line of the same bridge; `.occupied` when a device is in it.
  func removeBridge(_ entry: JournalEntry, _ name: String, index: Int?) async throws(HostError) -> BridgeEnd {
    let lock = try await networkLock()
    defer { withExtendedLifetime(lock) {} }
    let entries = try journal.entries()
    let undone = plannedUndone.withLock { $0 }
    let users = entries.filter {
      $0.id != entry.id && $0.boot == entry.boot && $0.resource == entry.resource && !undone.contains($0.id)
    }
    if !users.isEmpty {
      if !isDryRun { try journal.strike(entry) }
      return .shared
    }
    // A dry run has left taps in it that would be gone by now.
    let gone = entries.compactMap { entry in
      if case .tap(let tap, _) = entry.resource, undone.contains(entry.id) { tap } else { nil }
    }
    if try await links().contains(where: { $0.master == name && !gone.contains($0.name) }) { return .occupied }
    try await removeLink(name, index: index, kind: .bridge)
    return .removed
  }
}

/// What became of a bridge that was to be removed.
enum BridgeEnd { case removed, shared, occupied }
