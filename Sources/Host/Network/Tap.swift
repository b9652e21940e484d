import Glibc

/// A tap device for a guest's network card.
public struct Tap: Sendable, Equatable {
  public let name: String
  /// The bridge that it is in.
  public let bridge: String?
  /// Its line in the journal, when it was made now and not taken over.
  let entry: JournalEntry?

  /// The device of a machine that was given no other: `tap-NAME`, cut to the 15 characters that Linux allows.
  public static func name(forMachine machine: String) -> String { String("tap-\(machine)".prefix(15)) }
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
      if let link = try await link(name) {
        try adoptable(link, for: transaction)
        if let bridge, link.master != bridge {
          try await require(
            .change("ip", "link", "set", name, "master", bridge).privileged, to: "put \(name) into \(bridge)")
        }
        step.adopted(bridge.map { "in \($0)" } ?? "as it is")
        return Tap(name: name, bridge: bridge, entry: nil)
      }
      let entry = isDryRun ? nil : try transaction.record(.tap(name: name, index: nil))
      do throws(HostError) {
        var add: [String] = ["ip", "tuntap", "add", "dev", name, "mode", "tap"]
        if !isRoot { add += ["user", String(getuid())] }
        try await require(.change(add).privileged, to: "make the tap device \(name)")
        if let entry { try transaction.update(entry, .tap(name: name, index: try await link(name)?.index)) }
      } catch {
        if let entry, try await link(name) == nil { try transaction.strike(entry) }
        throw error
      }
      if let bridge {
        try await require(
          .change("ip", "link", "set", name, "master", bridge).privileged, to: "put \(name) into \(bridge)")
      }
      try await require(.change("ip", "link", "set", name, "up").privileged, to: "bring \(name) up")
      step.detail(bridge.map { "in \($0)" } ?? "up")
      return Tap(name: name, bridge: bridge, entry: entry)
    }
  }

  /// Removes a tap that was made by `makeTap`; one that was taken over stays.
  public func remove(_ tap: Tap) async throws(HostError) {
    if let entry = tap.entry { try await undo(entry, disks: false) }
  }

  /// Whether a tap that is there already may be used.
  private func adoptable(_ link: Link, for transaction: Transaction) throws(HostError) {
    let choose = "choose another name, or remove it: sudo ip link del \(link.name)"
    guard link.kind == .tap else {
      throw HostError(
        .conflict, "the name \(link.name) is taken by a \(link.kind.text) interface", hint: "choose another name")
    }
    let owner = try journal.entries().first { entry in
      if case .tap(link.name, _) = entry.resource { true } else { false }
    }?.owner
    if let owner, owner != transaction.owner {
      throw HostError(
        .busy, "the tap \(link.name) belongs to the machine \(owner.isEmpty ? "of another script" : owner)",
        hint: "kdevlua down \(owner), or choose another name")
    }
    if owner == nil, link.hasCarrier {
      throw HostError(.busy, "the tap \(link.name) is in use by another program", hint: choose)
    }
    if !isRoot, let user = link.owner, user != String(getuid()), user != Self.userName() {
      throw HostError(.conflict, "the tap \(link.name) belongs to the user \(user)", hint: choose)
    }
  }

  private static func userName() -> String? {
    guard let entry = getpwuid(getuid()) else { return nil }
    return String(cString: entry.pointee.pw_name)
  }

  /// Removes an interface that kdevlua made: of that name, kind and index.
  func removeLink(_ name: String, index: Int?, kind: Link.Kind) async throws(HostError) {
    guard let link = try await link(name), link.kind == kind, index == nil || index == link.index else { return }
    try await require(.change("ip", "link", "del", name).privileged, to: "remove the \(kind.text) \(name)")
  }
}
