/// A bridge that guests' taps are in.
public struct Bridge: Sendable, Equatable {
  public let name: String
  /// The named network namespace that it is in; nil is the caller's.
  public let namespace: String?
  /// The host's own address in it, with which guests reach the host.
  public let address: Link.Address?
  /// The largest packet in it, in bytes, when it was asked for.
  public let mtu: Int?
  /// kdevlua made it, or serves it: no other program gives out addresses in it.
  public internal(set) var isOurs: Bool
  /// A dnsmasq of ours answers at `address`.
  public internal(set) var servesNames = false
  /// Its lines in the journal, when it was made now and not taken over.
  var entries: [JournalEntry] = []
}

/// What a bridge is to be.
public struct BridgeSpec: Sendable {
  /// 15 characters at most.
  public var name: String
  /// The host's address and prefix length, `192.168.77.1/24`; nil chooses a 192.168.N.0/24 that the host does not have yet.
  public var address: String?
  /// The largest packet in bytes; nil is the kernel's default.
  public var mtu: Int?
  /// A dnsmasq for its guests.
  public var servesNames = false
  /// Its guests reach what the host reaches.
  public var masquerades = false
  /// A named network namespace to make it in.
  public var namespace: String?

  public init(name: String) { self.name = name }
}

extension LocalHost {
  /// Makes a bridge and gives the host an address in it; takes over one that is there.
  /// As in the document: `ip link add name NAME type bridge`, `ip link set NAME up`, and `ip address add` so that host and
  /// guest reach each other.
  /// - Throws: `conflict` when the name is another kind of interface, or has another address; `busy` when another program serves
  ///   names or addresses there.
  public func makeBridge(_ spec: BridgeSpec, in transaction: Transaction) async throws(HostError) -> Bridge {
    try Self.validate(interfaceName: spec.name)
    if let address = spec.address, !(try IPv4.Network(address).isHost) {
      throw HostError(
        .invalid, "\(address) is not an address of a host in its network", hint: "such as 192.168.77.1/24")
    }
    if spec.servesNames { _ = isDryRun ? "" : try executables.require("dnsmasq") }
    if spec.masquerades { _ = isDryRun ? "" : try executables.require("nft") }
    return try await step("bridge \(spec.name)") { step async throws(HostError) in
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      let link = isDryRun && isGone(spec.namespace) ? nil : try await link(spec.name, in: spec.namespace)
      var bridge: Bridge
      if let link {
        bridge = try await adopt(link, as: spec, in: transaction)
        step.adopted(link.addresses.first?.text ?? "without an address")
      } else {
        bridge = try await makeNewBridge(spec, in: transaction)
        step.detail(bridge.address?.text ?? "")
      }
      return try await serve(bridge, as: spec, in: transaction)
    }
  }

  /// - Throws: why a bridge that is there already may not be used.
  private func adopt(_ link: Link, as spec: BridgeSpec, in transaction: Transaction) async throws(HostError) -> Bridge {
    guard link.kind == .bridge else {
      throw HostError(
        .conflict, "the name \(link.name) is taken by a \(link.kind.text) interface", hint: "choose another name")
    }
    if spec.servesNames || spec.masquerades, let maker = link.stateOfMaker, maker != state.root {
      throw HostError(
        .busy, "the bridge \(link.name) was made by another kdevlua, which keeps its state in \(maker)",
        hint: "leave dhcp and masquerade to that one; or undo it: KDEVLUA_STATE=\(ShellText.quote(maker)) kdevlua down")
    }
    if let address = spec.address, !link.addresses.contains(where: { $0.text == address }) {
      let has = link.addresses.map(\.text).joined(separator: ", ")
      throw HostError(
        .conflict, "the bridge \(link.name) has \(has.isEmpty ? "no address" : has), not \(address)",
        hint: has.isEmpty
          ? "give it one: \(addressHint(link.name, in: spec.namespace, address)); or choose another name"
          : "leave the address out to use it as it is, or choose another name")
    }
    if let mtu = spec.mtu, mtu != link.mtu {
      throw HostError(
        .conflict, "the bridge \(link.name) has an mtu of \(link.mtu), not \(mtu)",
        hint: "leave the mtu out to use it as it is, or choose another name")
    }
    if !link.isUp {
      var batch = IPBatch(namespace: spec.namespace)
      batch.add("link", "set", "dev", link.name, "up", to: "bring \(link.name) up")
      try await require(batch)
    }
    var users: [JournalEntry] = []
    for entry in try journal.entries() where try isMade(link, in: spec.namespace, by: entry) { users.append(entry) }
    var entries: [JournalEntry] = []
    if !users.isEmpty, !users.contains(where: { $0.owner == transaction.owner }), !isDryRun {
      // From now on it is this one's, too: it goes with the last of those that use it.
      entries = [try transaction.record(.bridge(name: link.name, index: link.index, namespace: spec.namespace))]
    }
    return Bridge(
      name: link.name, namespace: spec.namespace, address: link.addresses.first, mtu: spec.mtu, isOurs: !users.isEmpty,
      entries: entries)
  }

  /// The command that gives a bridge of somebody else's an address: that is not ours to do.
  func addressHint(_ bridge: String, in namespace: String?, _ address: String = "192.168.77.1/24") -> String {
    ShellText.line(["sudo"] + IPBatch.prefix(namespace) + ["address", "add", address, "dev", bridge])
  }

  private func makeNewBridge(
    _ spec: BridgeSpec, in transaction: Transaction
  ) async throws(HostError) -> Bridge {
    let name = spec.name
    let network = try await network(of: spec)
    var batch = IPBatch(namespace: spec.namespace)
    batch.add("link", "add", "name", name, "type", "bridge", to: "make the bridge \(name)")
    // Else a bridge has the lowest address of what is in it, so that it changes when a tap goes, and guests lose the host.
    batch.add(
      "link", "set", "dev", name, "address", QEMUOption.mac(of: "\(spec.namespace ?? "") bridge \(name)"),
      "alias", linkAlias,
      to: "give \(name) a card's address of its own")
    if let mtu = spec.mtu { batch.add("link", "set", "dev", name, "mtu", String(mtu), to: "set the mtu of \(name)") }
    batch.add("address", "add", network.text, "dev", name, to: "give \(name) the address \(network.text)")
    batch.add("link", "set", "dev", name, "up", to: "bring \(name) up")
    let entry = try await makeLink(name, .bridge, by: batch, in: transaction)
    return Bridge(
      name: name, namespace: spec.namespace,
      address: Link.Address(address: network.host, prefixLength: network.prefixLength), mtu: spec.mtu, isOurs: true,
      entries: entry.map { [$0] } ?? [])
  }

  /// Starts what is wanted in a bridge. When it cannot be had, what was made of the bridge now goes again.
  private func serve(
    _ made: Bridge, as spec: BridgeSpec, in transaction: Transaction
  ) async throws(HostError) -> Bridge {
    var bridge = made
    do throws(HostError) {
      // Side by side: neither needs the other, and each waits for a program. What one has made is known when the other fails.
      async let out = outcome(spec.masquerades) { () async throws(HostError) in
        try await self.startMasquerade(made, in: transaction)
      }
      // A dry run says first the one.
      if isDryRun { _ = await out }
      async let names = outcome(spec.servesNames) { () async throws(HostError) -> [JournalEntry] in
        try await self.startNameService(made, in: transaction).map { [$0] } ?? []
      }
      let outcomes = await [out, names]
      for case .success(let entries) in outcomes { bridge.entries += entries }
      for outcome in outcomes { _ = try outcome.get() }
      if spec.servesNames {
        (bridge.servesNames, bridge.isOurs) = (true, true)
      } else {
        bridge.servesNames = nameService(in: BridgeFolder(of: bridge.name, in: bridge.namespace, state)) != nil
      }
      return bridge
    } catch {
      let entries = bridge.entries
      if !transaction.keepOnFailure || transaction.owner.isEmpty {
        try await uncancelled { () async throws(HostError) in try await self.undoNetwork(entries, isLocked: true) }
      }
      throw error
    }
  }

  /// - Returns: what `body` has made, nothing when it is not wanted.
  private func outcome(
    _ isWanted: Bool, _ body: @Sendable () async throws(HostError) -> [JournalEntry]
  ) async -> Result<[JournalEntry], HostError> {
    guard isWanted else { return .success([]) }
    do throws(HostError) { return .success(try await body()) } catch { return .failure(error) }
  }

  /// Removes what `makeBridge` made now, when nothing is in the bridge any more; what was taken over stays.
  public func remove(_ bridge: Bridge) async throws(HostError) {
    let there = bridge.entries.filter { journal.has($0) }
    try await undoNetwork(there)
  }

  private func network(of spec: BridgeSpec) async throws(HostError) -> IPv4.Network {
    if let address = spec.address {
      let network = try IPv4.Network(address)
      // A network within a larger one is nothing unusual: that of a VPN is often all of 10.0.0.0/8.
      let other = try await addresses(in: spec.namespace).first {
        $0.address.address == network.host || (try? IPv4.Network($0.address.text))?.networkText == network.networkText
      }
      if let other {
        throw HostError(
          .conflict, "\(other.link) is in the network \(network.networkText) already",
          hint: "choose another address, or leave it out to get one of a free network")
      }
      return network
    }
    if isDryRun, isGone(spec.namespace) { return try Self.freeNetwork([], []) }
    return try Self.freeNetwork(try await links(in: spec.namespace), try await routes(in: spec.namespace))
  }

  /// The first 192.168.N.1/24 whose network no interface of the host is in and no route of it leads to; where routes lead to all
  /// of them, as with some VPNs, the first that no interface is in.
  static func freeNetwork(_ links: [Link], _ routes: [Route]) throws(HostError) -> IPv4.Network {
    let near = links.flatMap(\.addresses)
    let far = routes.compactMap(\.network)
    var hidden: IPv4.Network?
    for third in 77..<255 {
      let candidate = try IPv4.Network("192.168.\(third).1/24")
      if near.contains(where: { candidate.overlaps($0) }) { continue }
      if !far.contains(where: { candidate.overlaps($0) }) { return candidate }
      hidden = hidden ?? candidate
    }
    if let hidden { return hidden }
    throw HostError(
      .busy, "the host is in every network from 192.168.77.0/24 to 192.168.254.0/24", hint: "give the bridge an address"
    )
  }
}
