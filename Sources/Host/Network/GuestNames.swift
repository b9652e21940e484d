import Glibc

extension LocalHost {
  /// What the init of a machine's guest configures: in a bridge of ours an address that no other guest has, `dhcp` in anyone
  /// else's. The same machine gets the same address. It is noted, so that it is the guest's in DHCP and DNS, too, until the machine is
  /// forgotten.
  /// - Parameters:
  ///   - mac: the address of the guest's card in it; nil is the one that is made from the machine's name.
  ///   - wanted: an address of the caller's choice, with its prefix; `dhcp` lets the guest ask; nil chooses.
  /// - Returns: `ADDRESS/PREFIX,GATEWAY`, with the DNS server when there is one, or `dhcp`.
  public func guestAddress(
    for machine: String, in bridge: Bridge, mac: String? = nil, wanted: String? = nil
  ) throws(HostError) -> String {
    guard bridge.isOurs, let host = bridge.address else { return wanted ?? "dhcp" }
    let network = try IPv4.Network(host.text)
    let folder = BridgeFolder(of: bridge.name, in: bridge.namespace, state)
    let asked = wanted.flatMap { $0 == "dhcp" ? nil : String($0.prefix { $0 != "/" && $0 != "," }) }
    if let asked, !network.overlaps(Link.Address(address: asked, prefixLength: 32)) { return wanted ?? "dhcp" }
    var address: String
    if isDryRun {
      address = try freeAddress(for: machine, in: network, taken: [:], bridge.name)
    } else {
      for path in [folder.names, folder.cards] { try state.make(path) }
      let lock = try FileLock.wait(folder.path + "/.lock")
      defer { withExtendedLifetime(lock) {} }
      let taken = try addresses(in: folder)
      if let asked, let other = taken.first(where: { $0.value == asked && $0.key != machine }) {
        throw HostError(
          .busy, "the address \(asked) is that of the machine \(other.key)", hint: "choose another one, or leave it out"
        )
      }
      if let asked {
        address = asked
      } else {
        address = try freeAddress(for: machine, in: network, taken: taken, bridge.name)
      }
      try note("\(mac ?? QEMUOption.mac(of: machine)),\(address),\(machine)\n", in: folder.cards, of: machine, folder)
      try note("\(address) \(machine)\n", in: folder.names, of: machine, folder)
    }
    if let wanted { return wanted }
    return "\(address)/\(network.prefixLength),\(network.host)" + (bridge.servesNames ? ",\(network.host)" : "")
  }

  /// Writes a file beside the folder and moves it in: dnsmasq reads whatever appears there.
  private func note(_ line: String, in place: String, of machine: String, _ folder: BridgeFolder) throws(HostError) {
    let draft = folder.path + "/draft"
    try Files.write(Array(line.utf8), to: draft)
    if rename(draft, place + "/" + machine) != 0 { throw .system("could not write \(place)/\(machine)", errno: errno) }
  }

  private func freeAddress(
    for machine: String, in network: IPv4.Network, taken: [String: String], _ bridge: String
  ) throws(HostError) -> String {
    if let own = taken[machine], network.overlaps(Link.Address(address: own, prefixLength: 32)) { return own }
    let others = Set(taken.values)
    let room = UInt32(1) << UInt32(32 - network.prefixLength)
    for offset in 0..<room {
      guard let candidate = network.address((fnv1a(machine) &+ offset) % room), !others.contains(candidate) else {
        continue
      }
      // First kept from the kdevlua of others, then looked at: whoever had it before has written it down by then.
      let reservation = Self.reservation(ofAddress: candidate)
      guard try reserve(reservation, for: machine) else { continue }
      if try machines().contains(where: { $0.record.spec.name != machine && $0.record.address == candidate }) {
        release(reservation)
        continue
      }
      return candidate
    }
    throw HostError(.busy, "no address is free in \(bridge)", hint: "kdevlua ps lists the machines that have one")
  }

  /// Who has which address in a bridge.
  private func addresses(in folder: BridgeFolder) throws(HostError) -> [String: String] {
    guard Files.exists(folder.names) else { return [:] }
    var found: [String: String] = [:]
    for name in try Files.list(folder.names) {
      if let text = try? Files.text(folder.names + "/" + name), let address = text.split(separator: " ").first {
        found[name] = String(address)
      }
    }
    return found
  }

  /// Where a machine's guest is reached: as its record says, else by the address that it gets by DHCP in a bridge of ours.
  public func address(of record: MachineRecord) throws(HostError) -> String? {
    if let address = record.address { return address }
    guard record.spec.address == "dhcp", Files.exists(state.networks) else { return nil }
    let machine = record.spec.name
    for bridge in try Files.list(state.networks) {
      if let address = try addresses(in: BridgeFolder(path: state.networks + "/" + bridge))[machine] { return address }
    }
    return nil
  }

  /// Takes a machine's name and address back, in all bridges.
  func forgetAddress(of machine: String) throws(HostError) {
    guard Files.exists(state.networks) else { return }
    for bridge in try Files.list(state.networks) {
      let folder = BridgeFolder(path: state.networks + "/" + bridge)
      let noted = [folder.names + "/" + machine, folder.cards + "/" + machine].filter { Files.exists($0) }
      for path in noted { try Files.remove(path) }
      // dnsmasq sees what is added to its folders; what is gone it sees when it reads all anew (dnsmasq(8), NOTES).
      if !noted.isEmpty, let process = nameService(in: folder) { _ = Processes.signal(SIGHUP, process) }
    }
  }
}
