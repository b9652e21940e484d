extension LocalHost {
  /// The nftables table of a bridge. Nobody else's table is ever touched.
  static func table(of bridge: String) -> String {
    let plain = bridge.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
    return "kdevlua_" + (plain ? bridge : String(fnv1a(bridge), radix: 16))
  }

  /// Lets guests of a bridge reach what the host reaches, a VPN included, by the host's address there: masquerade in a table
  /// of its own (nft(8)), and forwarding of packets if it is off.
  /// - Returns: the lines in the journal that are new.
  func startMasquerade(_ bridge: Bridge, in transaction: Transaction) async throws(HostError) -> [JournalEntry] {
    guard let address = bridge.address else {
      throw HostError(
        .invalid, "the bridge \(bridge.name) has no address that its guests could go out by",
        hint: "give it one: \(addressHint(bridge.name, in: bridge.namespace))")
    }
    let resource = Resource.masquerade(bridge: bridge.name, namespace: bridge.namespace)
    let isThere = try journal.tells(of: resource)
    var entries: [JournalEntry] = []
    if !isThere, !isDryRun { entries.append(try transaction.record(resource)) }
    do throws(HostError) {
      let table = Self.table(of: bridge.name)
      let network = try IPv4.Network(address.text).networkText
      let emptied = isThere ? ["add table ip \(table)", "delete table ip \(table)"] : []
      let said = emptied + ["add table ip \(table)"] + Self.rules(table, network)
      // As one change of the kernel's rules, whatever is in the table already. One of that name that is in no journal of ours is
      // not replaced but an error (`create`).
      var command = inside(bridge.namespace, .change("nft", "-f", "-"), keepsRoot: true)
      command.input = Array(
        (emptied + ["create table ip \(table)"] + Self.rules(table, network)).map { $0 + "\n" }.joined().utf8)
      command.said = said.map { inside(bridge.namespace, .change("nft", $0)).arguments }
      let result = try await run(command)
      guard result.succeeded else {
        // Nothing was made: the table of that name is somebody else's.
        for entry in entries { try transaction.strike(entry) }
        entries = []
        var error = failure(of: command, result, to: "let the guests of \(bridge.name) out")
        if !isThere, result.errorText.contains("File exists") {
          error.code = .conflict
          error.message = "there is an nftables table \(table) already, which was not made with this state"
          error.hint = "KDEVLUA_STATE names another state to take it down with; or nft delete table ip \(table)"
        }
        throw error
      }
      if try await forwards(bridge.namespace) == false {
        let forwarding = Resource.forwarding(namespace: bridge.namespace)
        if !isDryRun, try !journal.tells(of: forwarding) { entries.append(try transaction.record(forwarding)) }
        try await setForwarding(true, in: bridge.namespace)
      }
      return entries
    } catch {
      let made = entries
      try await uncancelled { () async throws(HostError) in try await self.undoNetwork(made, isLocked: true) }
      throw error
    }
  }

  private static func rules(_ table: String, _ network: String) -> [String] {
    [
      "add chain ip \(table) postrouting { type nat hook postrouting priority srcnat; }",
      "add rule ip \(table) postrouting ip saddr \(network) ip daddr != \(network) masquerade",
    ]
  }

  /// Removes the table of a bridge; no error when it is gone.
  func removeMasquerade(of bridge: String, in namespace: String?) async throws(HostError) {
    if isGone(namespace) { return }
    let table = Self.table(of: bridge)
    var command = inside(namespace, .change("nft", "-f", "-"), keepsRoot: true)
    command.input = Array("add table ip \(table)\ndelete table ip \(table)\n".utf8)
    command.said = [inside(namespace, .change("nft", "delete table ip \(table)")).arguments]
    try await require(command, to: "remove the nftables table \(table)")
  }

  /// Whether guests of one of these bridges are let out.
  func masquerades(_ bridges: [Link], in namespace: String?) async throws(HostError) -> Bool {
    if bridges.isEmpty || isGone(namespace) { return false }
    let command = inside(namespace, .query("nft", "list", "tables", "ip"), keepsRoot: true)
    let tables = try await require(command, to: "list the nftables tables").outputText.split(separator: "\n")
    return bridges.contains { bridge in tables.contains { $0 == "table ip \(Self.table(of: bridge.name))" } }
  }

  private static let forwardingSwitch = "/proc/sys/net/ipv4/ip_forward"

  /// Whether packets are forwarded in the caller's namespace.
  var forwards: Bool { (try? Files.text(Self.forwardingSwitch))?.hasPrefix("1") ?? false }

  private func forwards(_ namespace: String?) async throws(HostError) -> Bool {
    if namespace == nil { return forwards }
    if isGone(namespace) { return false }
    let command = inside(namespace, .query("cat", Self.forwardingSwitch), keepsRoot: true)
    return try await require(command, to: "see whether packets are forwarded").outputText.hasPrefix("1")
  }

  /// Switches `net.ipv4.ip_forward` for the host, or for a namespace.
  func setForwarding(_ on: Bool, in namespace: String?) async throws(HostError) {
    if isGone(namespace), !isDryRun { return }
    let command = ["sysctl", "-q", "-w", "net.ipv4.ip_forward=\(on ? 1 : 0)"]
    if isRoot, namespace == nil {
      try change(saying: command) { () throws(HostError) in
        try Files.overwrite(Self.forwardingSwitch, with: on ? "1\n" : "0\n")
      }
      return
    }
    try await require(
      inside(namespace, .change(command), keepsRoot: true), to: "switch the forwarding of packets \(on ? "on" : "off")")
  }
}
