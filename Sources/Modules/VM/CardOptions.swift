import Host
import LuaKit

extension LaunchOptions {
  /// The machine's network cards, and what the guest configures of the first.
  func network(_ spec: inout MachineSpec, _ host: LocalHost) throws {
    let lua = options.lua
    let vhost: Bool? = try options.value("vhost")
    try eachCard { index in
      let card = try NetworkCard.read(lua, at: index, vhost: vhost, host) {
        options.inner("kdev.vm.CardOptions", at: $0)
      }
      if let first = spec.cards.first(where: \.isTap), card.isTap, first.namespace != card.namespace {
        throw options.wrong("net", "all taps of a machine have to be in one network namespace")
      }
      spec.cards.append(card)
      if spec.cards.count == 1 { try setAddress(&spec, at: index, host) }
    }
    if let address = try options.string("address") {
      guard GuestAddress.isOne(address) else {
        throw options.wrong(
          "address", "\"dhcp\" or \"ADDRESS/PREFIX[,GATEWAY[,DNS]]\" of a host expected, got \"\(address)\"")
      }
      guard !spec.cards.isEmpty else { throw options.wrong("address", "a machine without a card has none") }
      spec.address = address
    }
  }

  /// The user networks that the machine's cards are connected to; nil for a card with another network.
  func userNetworks() -> [UserNetworkObject?] {
    let lua = options.lua
    var found: [UserNetworkObject?] = []
    eachCard { index in
      let isTable = lua.type(at: index) == .table
      if isTable { lua.rawField("net", of: index) }
      defer { if isTable { lua.pop() } }
      found.append(UserNetworkObject.test(lua, at: isTable ? lua.top : index))
    }
    return found
  }

  /// Calls `body` with the index of each card: `net` is one, or a list of them.
  private func eachCard(_ body: (Int32) throws -> Void) rethrows {
    let lua = options.lua
    options.push("net")
    defer { lua.pop() }
    let net = lua.top
    guard lua.type(at: net) == .table, lua.rawCount(at: net) > 0 else {
      if !lua.isNil(at: net) { try body(net) }
      return
    }
    for position in 1...lua.rawCount(at: net) {
      lua.rawElement(position, of: net)
      defer { lua.pop() }
      try body(lua.top)
    }
  }

  /// What the guest configures of the card at `index`.
  private func setAddress(_ spec: inout MachineSpec, at index: Int32, _ host: LocalHost) throws {
    let lua = options.lua
    if lua.type(at: index) == .table {
      lua.rawField("net", of: index)
      defer { lua.pop() }
      return try setAddress(&spec, at: lua.top, host)
    }
    if let user = UserNetworkObject.test(lua, at: index) {
      // passt gives the guest the host's own address, by DHCP.
      spec.address = user.isPasst ? "dhcp" : userAddress
    } else if let bridge = TapObject.test(lua, at: index)?.bridge {
      let found = try host.guestAddress(
        for: spec.name, in: bridge, mac: spec.cards.first?.address, wanted: try options.string("address"))
      spec.address = found.text
      spec.addressNote = found.note
    }
  }
}

extension NetworkCard {
  /// The card that a script asks for: a network alone, or a table with one and the card's model.
  /// - Parameters:
  ///   - vhost: what holds when the table says nothing of it.
  ///   - table: gives the options of the table at an index, as `kdev.vm.CardOptions`, checked.
  static func read(
    _ lua: LuaState, at index: Int32, vhost: Bool?, _ host: LocalHost, table: (Int32) throws -> Options
  ) throws -> NetworkCard {
    guard lua.type(at: index) == .table else {
      return NetworkCard(try network(lua, at: index, vhost, host), mtu: mtu(lua, at: index))
    }
    let options = try table(index)
    let model = try options.string("model") ?? virtio
    let address = try options.string("mac")
    if let address, !isCardAddress(address) {
      throw options.wrong("mac", "an address such as \"52:54:00:12:34:56\" expected, got \"\(address)\"")
    }
    let own: Bool? = try options.value("vhost")
    options.push("net")
    defer { lua.pop() }
    return NetworkCard(
      try network(lua, at: lua.top, own ?? vhost, host), model: model == "virtio" ? virtio : model, address: address,
      mtu: mtu(lua, at: lua.top))
  }

  /// What the tap at `index` was asked for.
  private static func mtu(_ lua: LuaState, at index: Int32) -> Int? { TapObject.test(lua, at: index)?.mtu }

  /// What the object at `index` connects a card to.
  private static func network(
    _ lua: LuaState, at index: Int32, _ vhost: Bool?, _ host: LocalHost
  ) throws -> Network {
    if let user = UserNetworkObject.test(lua, at: index) {
      if vhost == true { throw HostError(.invalid, "user networking has no vhost", hint: "leave it out, or use a tap") }
      let forwards = user.forwards.isEmpty ? nil : user.forwards.map(\.forward)
      return user.isPasst
        ? .passt(sshPort: user.sshPort, forwards: forwards) : .user(sshPort: user.sshPort, forwards: forwards)
    }
    if let end = LinkEndObject.test(lua, at: index) { return .link(end.end) }
    let tap: TapObject = try lua.read(index)
    let works = host.probeVhost()
    if vhost == true, !works.works {
      throw HostError(.missing, "vhost cannot be had: \(works.reason)", hint: works.hint)
    }
    return .tap(
      name: tap.tap.name, vhost: vhost == true, queues: tap.tap.queues > 1 ? tap.tap.queues : nil,
      namespace: tap.tap.namespace)
  }

  /// Six bytes in hexadecimal, of a single card: the lowest bit of the first is not set (IEEE 802).
  private static func isCardAddress(_ text: String) -> Bool {
    let bytes = text.split(separator: ":", omittingEmptySubsequences: false).map {
      $0.count == 2 ? UInt8($0, radix: 16) : nil
    }
    guard bytes.count == 6, let first = bytes[0] else { return false }
    return !bytes.contains(nil) && first & 1 == 0
  }
}
