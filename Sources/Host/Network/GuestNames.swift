import Glibc

/// An address in a bridge of ours that is a guest's, in DHCP and DNS too, from its machine's launch until the machine is forgotten.
public struct AddressNote: Sendable, Equatable {
  let folder: BridgeFolder
  /// The address of its card.
  let card: String
  let address: String
}

extension LocalHost {
  /// What the init of a machine's guest configures: in a bridge of ours an address that no other guest has, `dhcp` in anyone
  /// else's. The same machine gets the same address. Until the machine is launched, no other kdevlua is given it.
  /// - Parameters:
  ///   - mac: the address of the guest's card in it; nil is the one that is made from the machine's name.
  ///   - wanted: an address of the caller's choice, with its prefix; `dhcp` lets the guest ask; nil chooses.
  /// - Returns: `ADDRESS/PREFIX,GATEWAY`, with the DNS server when there is one, or `dhcp`; and what is to be noted of it.
  /// - Throws: `busy` when another one has the wanted address, or none is free; `invalid` when it is the bridge's own.
  public func guestAddress(
    for machine: String, in bridge: Bridge, mac: String? = nil, wanted: String? = nil
  ) throws(HostError) -> (text: String, note: AddressNote?) {
    guard bridge.isOurs, let host = bridge.address else { return (wanted ?? "dhcp", nil) }
    let network = try IPv4.Network(host.text)
    let asked = wanted.flatMap { $0 == "dhcp" ? nil : String($0.prefix { $0 != "/" && $0 != "," }) }
    if let asked, !network.overlaps(Link.Address(address: asked, prefixLength: 32)) { return (wanted ?? "dhcp", nil) }
    let guest = Guest(
      machine: machine, card: mac ?? QEMUOption.mac(of: machine),
      folder: BridgeFolder(of: bridge.name, in: bridge.namespace, state))
    let address: String
    if let asked {
      address = asked
      if asked == network.host {
        throw HostError(
          .invalid, "the address \(asked) is that of the bridge \(bridge.name) itself",
          hint: "choose another one, or leave it out")
      }
      if !isDryRun { try take(asked, for: guest) }
    } else {
      address = try freeAddress(for: guest, in: network, bridge.name)
    }
    let note = AddressNote(folder: guest.folder, card: guest.card, address: address)
    if let wanted { return (wanted, note) }
    let served = bridge.servesNames ? ",\(network.host)" : ""
    return ("\(address)/\(network.prefixLength),\(network.host)" + served, note)
  }

  /// Whom an address is looked for.
  private struct Guest {
    let machine: String
    let card: String
    let folder: BridgeFolder
  }

  /// Writes down which address a machine's guest has, where dnsmasq reads it, and takes back what was said before. Its line in
  /// the journal is there already: whoever finds a note without one removes it.
  func noteAddress(of spec: MachineSpec) throws(HostError) {
    try forgetAddress(of: spec.name, except: spec.addressNote?.folder)
    guard let note = spec.addressNote else { return }
    let (folder, name) = (note.folder, spec.name)
    for path in [folder.names, folder.cards] { try state.make(path) }
    let lock = try FileLock.wait(folder.path + "/.lock")
    defer { withExtendedLifetime(lock) {} }
    try self.note("\(note.card),\(note.address),\(name)\n", in: folder.cards, of: name, folder)
    try self.note("\(note.address) \(name)\n", in: folder.names, of: name, folder)
  }

  /// Writes a file beside the folder and moves it in: dnsmasq reads whatever appears there.
  private func note(_ line: String, in place: String, of machine: String, _ folder: BridgeFolder) throws(HostError) {
    let draft = folder.path + "/draft"
    try Files.write(Array(line.utf8), to: draft)
    if rename(draft, place + "/" + machine) != 0 { throw .system("could not write \(place)/\(machine)", errno: errno) }
  }

  /// Keeps an address from everybody else.
  /// - Throws: `busy` when somebody has it.
  private func take(_ address: String, for guest: Guest) throws(HostError) {
    let reservation = Self.reservation(ofAddress: address)
    let isFree = try reserve(reservation, for: guest.machine)
    var holder = isFree ? nil : "another machine, which is being launched"
    if isFree { holder = try self.holder(of: address, besides: guest) }
    guard let holder else { return }
    if isFree { release(reservation) }
    throw HostError(
      .busy, "the address \(address) is that of \(holder)", hint: "choose another one, or leave it out")
  }

  private func freeAddress(
    for guest: Guest, in network: IPv4.Network, _ bridge: String
  ) throws(HostError) -> String {
    let taken = isDryRun ? [:] : try addresses(in: guest.folder)
    if let own = taken[guest.machine], network.overlaps(Link.Address(address: own, prefixLength: 32)) {
      if try reserve(Self.reservation(ofAddress: own), for: guest.machine) { return own }
    }
    let others = Set(taken.filter { $0.key != guest.machine }.values)
    let room = UInt32(1) << UInt32(32 - network.prefixLength)
    for offset in 0..<room {
      guard let candidate = network.address((fnv1a(guest.machine) &+ offset) % room), !others.contains(candidate) else {
        continue
      }
      if isDryRun { return candidate }
      // First kept from the kdevlua of others, then looked at: whoever had it before has written it down by then.
      let reservation = Self.reservation(ofAddress: candidate)
      guard try reserve(reservation, for: guest.machine) else { continue }
      if try holder(of: candidate, besides: guest) == nil { return candidate }
      release(reservation)
    }
    throw HostError(.busy, "no address is free in \(bridge)", hint: "kdevlua ps lists the machines that have one")
  }

  /// Who else has an address, for people.
  private func holder(of address: String, besides guest: Guest) throws(HostError) -> String? {
    if let other = try addresses(in: guest.folder).first(where: { $0.value == address && $0.key != guest.machine }) {
      return "the machine \(other.key)"
    }
    if let other = try machines().first(where: { $0.record.spec.name != guest.machine && $0.record.address == address })
    {
      return "the machine \(other.record.spec.name)"
    }
    // "EXPIRY CARD ADDRESS NAME CLIENT": what dnsmasq writes (lease_update_file in its lease.c); the time is 0 for one without end.
    for line in (try? Files.text(guest.folder.leases))?.split(separator: "\n") ?? [] {
      let words = line.split(separator: " ")
      guard words.count >= 4, words[2] == address, words[1] != guest.card, let end = Double(words[0]),
        end == 0 || end > Clock.wall
      else { continue }
      // A machine of ours that was taken down does not come back for it.
      if words[1] == QEMUOption.mac(of: String(words[3])) { continue }
      return "\(words[1]), which has got it by DHCP"
    }
    return nil
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

  /// The machines whose guests have an address that is noted.
  func namesWithAddress() throws(HostError) -> Set<String> {
    guard Files.exists(state.networks) else { return [] }
    var found: Set<String> = []
    for bridge in try Files.list(state.networks) {
      let folder = BridgeFolder(path: state.networks + "/" + bridge)
      for path in [folder.names, folder.cards] where Files.exists(path) { found.formUnion(try Files.list(path)) }
    }
    return found
  }

  /// Takes a machine's name and address back, in all bridges but one.
  func forgetAddress(of machine: String, except kept: BridgeFolder? = nil) throws(HostError) {
    guard Files.exists(state.networks) else { return }
    for bridge in try Files.list(state.networks) {
      let folder = BridgeFolder(path: state.networks + "/" + bridge)
      if folder == kept { continue }
      let noted = [folder.names + "/" + machine, folder.cards + "/" + machine].filter { Files.exists($0) }
      for path in noted { try Files.remove(path) }
      // dnsmasq sees what is added to its folders; what is gone it sees when it reads all anew (dnsmasq(8), NOTES).
      if !noted.isEmpty, let process = nameService(in: folder) { _ = Processes.signal(SIGHUP, process) }
    }
  }
}
