import Host
import LuaKit

extension LaunchOptions {
  /// The machine's network cards, and what the guest configures of the first.
  func network(_ spec: inout MachineSpec, _ host: LocalHost) throws {
    let lua = options.lua
    let vhost: Bool? = try options.value("vhost")
    options.push("net")
    defer { lua.pop() }
    let net = lua.top
    if lua.type(at: net) == .table, lua.rawCount(at: net) > 0 {
      for position in 1...lua.rawCount(at: net) {
        lua.rawElement(position, of: net)
        defer { lua.pop() }
        try add(cardAt: lua.top, vhost, to: &spec, host)
      }
    } else if !lua.isNil(at: net) {
      try add(cardAt: net, vhost, to: &spec, host)
    }
    if let address = try options.string("address") { spec.address = address }
  }

  /// - Parameter index: a network, or a table with one and the card's model.
  private func add(cardAt index: Int32, _ vhost: Bool?, to spec: inout MachineSpec, _ host: LocalHost) throws {
    let lua = options.lua
    guard lua.type(at: index) == .table else {
      if let network = try network(at: index, vhost, &spec, host) { spec.cards.append(NetworkCard(network)) }
      return
    }
    let card = options.inner("kdev.vm.CardOptions", at: index)
    card.push("net")
    defer { lua.pop() }
    guard let network = try network(at: lua.top, try card.value("vhost") ?? vhost, &spec, host) else { return }
    let model = try card.string("model") ?? NetworkCard.virtio
    let address = try card.string("mac")
    if let address, !Self.isCardAddress(address) {
      throw card.wrong("mac", "an address such as \"52:54:00:12:34:56\" expected, got \"\(address)\"")
    }
    spec.cards.append(NetworkCard(network, model: model == "virtio" ? NetworkCard.virtio : model, address: address))
  }

  /// What the object at `index` connects a card to; of the first card also what the guest configures.
  private func network(
    at index: Int32, _ vhost: Bool?, _ spec: inout MachineSpec, _ host: LocalHost
  ) throws -> NetworkCard.Network? {
    let isFirst = spec.cards.isEmpty
    if let user = UserNetworkObject.test(options.lua, at: index) {
      if isFirst, vhost == true { throw options.wrong("vhost", "user networking has none") }
      // The addresses that QEMU's user networking gives (qemu-system-x86_64(1), -netdev user).
      if isFirst { spec.address = "10.0.2.15/24,10.0.2.2,10.0.2.3" }
      return .user(sshPort: user.port)
    }
    guard let tap = TapObject.test(options.lua, at: index) else { return nil }
    let works = host.probeVhost()
    if vhost == true, !works.works {
      throw HostError(.missing, "vhost cannot be had: \(works.reason)", hint: works.hint)
    }
    if isFirst { spec.address = try tap.bridge.map { try host.guestAddress(for: spec.name, in: $0) } }
    return .tap(name: tap.tap.name, vhost: vhost == true)
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
