import Glibc

/// A tap device for a guest's network card.
public struct Tap: Sendable, Equatable {
  public let name: String
  /// The bridge that it is in.
  public let bridge: String?
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
  ///   - bridge: a bridge that exists, or nil.
  /// - Throws: `conflict` when the name is another kind of interface or another user's tap, `busy` when a program has the
  ///   tap open or it was made for another machine, `permission` when there is no right to make one.
  public func makeTap(_ name: String, bridge: String?, in transaction: Transaction) async throws(HostError) -> Tap {
    try Self.validate(interfaceName: name)
    return try await step("tap \(name)") { step async throws(HostError) in
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      var commands: [(Command, purpose: String)] = []
      if let bridge {
        commands.append((.change("ip", "link", "set", name, "master", bridge), "put \(name) into \(bridge)"))
      }
      let up = Command.change("ip", "link", "set", name, "up")
      if let link = try await link(name) {
        try checkAdoptable(link, bridge, for: transaction)
        commands.append((up, "bring \(name) up"))
        for (command, purpose) in commands where link.master != bridge || !link.isUp {
          try await require(command.privileged, to: purpose)
        }
        step.adopted(bridge.map { "in \($0)" } ?? "as it is")
        return Tap(name: name, bridge: bridge, entry: nil)
      }
      let owner = isRoot ? [] : ["user", String(getuid())]
      commands.append((.change(up.arguments + ["alias", linkAlias]), "bring \(name) up"))
      let add = Command.change(["ip", "tuntap", "add", "dev", name, "mode", "tap"] + owner)
      let entry = try await makeLink(name, .tap, by: [(add, "make the tap device \(name)")] + commands, in: transaction)
      step.detail(bridge.map { "in \($0)" } ?? "up")
      return Tap(name: name, bridge: bridge, entry: entry)
    }
  }

  /// Removes a tap that was made by `makeTap`; one that was taken over stays.
  public func remove(_ tap: Tap) async throws(HostError) {
    if let entry = tap.entry { try await undo(entry, disks: false) }
  }

  /// - Throws: why a tap that is there already may not be used.
  private func checkAdoptable(_ link: Link, _ bridge: String?, for transaction: Transaction) throws(HostError) {
    let choose = "choose another name, or remove it: sudo ip link del \(link.name)"
    guard link.kind == .tap else {
      throw HostError(
        .conflict, "the name \(link.name) is taken by a \(link.kind.text) interface", hint: "choose another name")
    }
    var owner: String?
    for entry in try journal.entries() where try isMade(link, by: entry) { owner = entry.owner }
    if let owner, owner != transaction.owner {
      throw HostError(
        .busy, "the tap \(link.name) belongs to \(owner.isEmpty ? "another script" : "the machine \(owner)")",
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

  private static func userName() -> String? {
    guard let entry = getpwuid(getuid()) else { return nil }
    return String(cString: entry.pointee.pw_name)
  }
}
