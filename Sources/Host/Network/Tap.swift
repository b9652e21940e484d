import Glibc

/// A tap device for a guest's network card.
public struct Tap: Sendable, Equatable {
  public let name: String
  /// The bridge that it is in.
  public let bridge: String?
  /// The named network namespace that it is in; nil is the caller's.
  public let namespace: String?
  /// How many queues a card may have on it.
  public let queues: Int
  /// Its line in the journal, when it was made now and not taken over.
  let entry: JournalEntry?

  /// The device of a machine that was given no other: `tap-NAME`; of a name too long for the 15 characters that Linux
  /// allows, the beginning and a checksum.
  public static func name(forMachine machine: String) -> String {
    let name = "tap-\(machine)"
    guard name.utf8.count > 15 else { return name }
    return name.prefix(10) + "-" + String(fnv1a(machine) % 0x10000, radix: 16)
  }
}

extension LocalHost {
  /// Makes a tap device that the calling user may open, and puts it into a bridge; takes over one that is there as wanted.
  /// As in the document: `ip tuntap add dev NAME mode tap user UID`, `ip link set NAME master BRIDGE`, `ip link set NAME up`
  /// (ip-tuntap(8), ip-link(8)).
  /// - Parameters:
  ///   - name: the device's name, 15 characters at most.
  ///   - bridge: a bridge that exists, or nil. The tap is made in its namespace.
  ///   - mtu: the largest packet in bytes; nil is the bridge's, if it was asked for one.
  ///   - queues: more than one lets several processors of the guest send at once.
  /// - Throws: `conflict` when the name is another kind of interface or another user's tap, `busy` when a program has the
  ///   tap open or it was made for another machine, `permission` when there is no right to make one.
  public func makeTap(
    _ name: String, bridge: Bridge?, mtu: Int? = nil, queues: Int = 1, namespace: String? = nil,
    in transaction: Transaction
  ) async throws(HostError) -> Tap {
    try Self.validate(interfaceName: name)
    let namespace = bridge?.namespace ?? namespace
    return try await step("tap \(name)") { step async throws(HostError) in
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      var setting = IPBatch(namespace: namespace)
      let there = isDryRun && isGone(namespace) ? nil : try await link(name, in: namespace)
      if let there { try checkAdoptable(there, in: namespace, bridge?.name, queues: queues, for: transaction) }
      if let bridge, there?.master != bridge.name {
        setting.add("link", "set", "dev", name, "master", bridge.name, to: "put \(name) into \(bridge.name)")
      }
      if let mtu = mtu ?? bridge?.mtu, there?.mtu != mtu {
        setting.add("link", "set", "dev", name, "mtu", String(mtu), to: "set the mtu of \(name)")
      }
      if there == nil {
        setting.add("link", "set", "dev", name, "up", "alias", linkAlias, to: "bring \(name) up")
      } else if there?.isUp == false {
        setting.add("link", "set", "dev", name, "up", to: "bring \(name) up")
      }
      if let there {
        let entry = try await takeOver(there, by: setting, in: transaction)
        step.adopted(bridge.map { "in \($0.name)" } ?? "as it is")
        return Tap(name: name, bridge: bridge?.name, namespace: namespace, queues: queues, entry: entry)
      }
      let owner = isRoot ? [] : ["user", String(getuid())]
      let several = queues > 1 ? ["multi_queue"] : []
      let add = IPBatch.Line(
        arguments: ["tuntap", "add", "dev", name, "mode", "tap"] + several + owner,
        purpose: "make the tap device \(name)")
      setting.lines.insert(add, at: 0)
      let entry = try await makeLink(name, .tap, by: setting, in: transaction)
      step.detail(bridge.map { "in \($0.name)" } ?? "up")
      return Tap(name: name, bridge: bridge?.name, namespace: namespace, queues: queues, entry: entry)
    }
  }

  /// Removes a tap that was made by `makeTap`; one that was taken over stays, as it was before.
  public func remove(_ tap: Tap) async throws(HostError) {
    if let entry = tap.entry { try await undoNetwork([entry]) }
  }

  /// Sets what a tap that is there lacks. What one of somebody else's was before is written down first.
  private func takeOver(
    _ link: Link, by setting: IPBatch, in transaction: Transaction
  ) async throws(HostError) -> JournalEntry? {
    let namespace = setting.namespace
    let boot = try Journal.bootID()
    var isKnown = false
    for entry in try journal.entries() where entry.boot == boot {
      let isMade = try isMade(link, in: namespace, by: entry)
      isKnown = isKnown || isMade || entry.resource.isSettings(of: link, in: namespace)
    }
    if isKnown || isDryRun {
      try await require(setting)
      return nil
    }
    let entry = try transaction.record(
      .tapSettings(
        name: link.name, index: link.index, namespace: namespace, master: link.master, mtu: link.mtu, isUp: link.isUp))
    do throws(HostError) {
      try await require(setting)
      return entry
    } catch {
      try await uncancelled { () async throws(HostError) in try await self.undoNetwork([entry], isLocked: true) }
      throw error
    }
  }

  /// Makes a tap that was taken over what it was before.
  func giveBackTap(
    _ name: String, _ index: Int, in namespace: String?, master: String?, mtu: Int, isUp: Bool
  ) async throws(HostError) {
    guard !isGone(namespace),
      let link = try await links(in: namespace).first(where: { $0.name == name && $0.index == index })
    else { return }
    var batch = IPBatch(namespace: namespace)
    if link.master != master {
      batch.lines.append(
        .init(
          arguments: ["link", "set", "dev", name] + (master.map { ["master", $0] } ?? ["nomaster"]),
          purpose: "take \(name) out of \(link.master ?? "no bridge")"))
    }
    if link.mtu != mtu { batch.add("link", "set", "dev", name, "mtu", String(mtu), to: "set the mtu of \(name)") }
    if link.isUp, !isUp { batch.add("link", "set", "dev", name, "down", to: "bring \(name) down") }
    try await require(batch)
  }

  /// - Throws: why a tap that is there already may not be used.
  private func checkAdoptable(
    _ link: Link, in namespace: String?, _ bridge: String?, queues: Int, for transaction: Transaction
  ) throws(HostError) {
    let choose = "choose another name, or remove it: sudo ip link del \(link.name)"
    guard link.kind == .tap else {
      throw HostError(
        .conflict, "the name \(link.name) is taken by a \(link.kind.text) interface", hint: "choose another name")
    }
    // QEMU opens it with just these flags (tun_set_iff in drivers/net/tun.c).
    if link.isMultiqueue != (queues > 1) {
      throw HostError(
        .conflict, "the tap \(link.name) was made \(link.isMultiqueue ? "for several queues" : "for one queue")",
        hint: choose)
    }
    let boot = try Journal.bootID()
    let owner = try journal.entries().last { entry in
      guard entry.boot == boot, !entry.isElsewhere else { return false }
      return switch entry.resource {
      case .tap(link.name, let index, namespace): index == nil || index == link.index
      case .tapSettings(link.name, link.index, namespace, _, _, _): true
      default: false
      }
    }?.owner
    if let owner, owner != transaction.owner {
      throw HostError(
        .busy, "the tap \(link.name) belongs to \(owner.isEmpty ? "another script" : "the set-up \(owner)")",
        hint: owner.isEmpty ? "choose another name" : "kdevlua down \(owner), or choose another name")
    }
    if owner != nil { return }
    if let state = link.stateOfMaker, state != self.state.root {
      throw HostError(
        .busy, "the tap \(link.name) was made by another kdevlua, which keeps its state in \(state)",
        hint: "choose another name, or undo that one: KDEVLUA_STATE=\(ShellText.quote(state)) kdevlua down")
    }
    if link.hasCarrier {
      throw HostError(.busy, "the tap \(link.name) is in use by another program", hint: choose)
    }
    if let master = link.master, let bridge, master != bridge {
      throw HostError(.conflict, "the tap \(link.name) is in the bridge \(master), not in \(bridge)", hint: choose)
    }
    if !isRoot, let user = link.owner, user != String(getuid()), user != Self.userName() {
      throw HostError(.conflict, "the tap \(link.name) belongs to the user \(user)", hint: choose)
    }
  }

  /// The calling user, as programs take it.
  static func userName() -> String {
    guard let entry = getpwuid(getuid()) else { return String(getuid()) }
    return String(cString: entry.pointee.pw_name)
  }
}

extension Resource {
  /// Whether it tells of this very tap, which was taken over.
  func isSettings(of link: Link, in namespace: String?) -> Bool {
    if case .tapSettings(link.name, link.index, namespace, _, _, _) = self { true } else { false }
  }

  /// Whether a tap that was taken over leaves the bridge when this is undone.
  func givesBack(_ link: Link, in namespace: String?, from bridge: String) -> Bool {
    if case .tapSettings(link.name, link.index, namespace, let master, _, _) = self { master != bridge } else { false }
  }
}
