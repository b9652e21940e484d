/// A network card of a machine, and what it is connected to.
public struct NetworkCard: Sendable, Equatable, Codable {
  public enum Network: Sendable, Equatable, Codable {
    /// A tap device of the host, in a named network namespace or, nil, in the caller's. `vhost` moves packets in the host's kernel.
    /// What may be nil is not in records of earlier versions.
    case tap(name: String, vhost: Bool, queues: Int? = nil, namespace: String? = nil)
    /// QEMU's own user networking, with a port of the host's loopback forwarded to the guest's ssh port, and others.
    case user(sshPort: Int, forwards: [PortForward]? = nil)
    /// passt(1), with the same.
    case passt(sshPort: Int, forwards: [PortForward]? = nil)
    /// A cable to another machine, without a device of the host.
    case link(LinkEnd)
    /// Nothing: a template's, until a clone connects it.
    case unplugged
  }

  public var network: Network
  /// QEMU's name of the device: `virtio-net-pci`, `e1000`.
  public var model: String
  /// Nil is one made from the machine's name, so that it stays the same and differs between machines.
  public var address: String?
  /// The largest packet in bytes that the guest is told of, where the model can tell it; nil is what it takes by itself.
  public var mtu: Int?

  public init(_ network: Network, model: String = Self.virtio, address: String? = nil, mtu: Int? = nil) {
    self.network = network
    self.model = model
    self.address = address
    self.mtu = mtu
  }

  /// Of virtio the guest's driver learns it from the device (VIRTIO_NET_F_MTU), whoever gives the guest its address.
  var hostMTU: Int? { model == Self.virtio ? mtu : nil }

  public static let virtio = "virtio-net-pci"

  public var isTap: Bool { if case .tap = network { true } else { false } }
  /// The named network namespace that its tap is in.
  public var namespace: String? { if case .tap(_, _, _, let namespace) = network { namespace } else { nil } }

  /// For people: what it is connected to, and what is not as by default.
  var text: String {
    let more = (model == Self.virtio ? [] : [model]) + (address.map { [$0] } ?? []) + (mtu.map { ["mtu \($0)"] } ?? [])
    return network.text + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
  }
}

extension NetworkCard {
  /// The end of the cable that it is at.
  var linkEnd: LinkEnd? { if case .link(let end) = network { end } else { nil } }
}

extension NetworkCard.Network {
  /// With user networking, the port of the host's loopback that leads to the guest's ssh port.
  public var sshPort: Int? {
    switch self {
    case .user(let port, _), .passt(let port, _): port
    default: nil
    }
  }
  /// And the others.
  public var forwards: [PortForward] {
    switch self {
    case .user(_, let forwards), .passt(_, let forwards): forwards ?? []
    default: []
    }
  }

  // The forwarded port is chosen anew each time, so it is no difference.
  var text: String {
    switch self {
    case .tap(let name, let vhost, let queues, let namespace):
      "tap \(name)\(vhost ? " with vhost" : "")\(queues.map { " of \($0) queues" } ?? "")\(namespace.map { " in \($0)" } ?? "")"
    case .user(_, let forwards):
      "user networking" + (forwards.map { " with " + $0.map(\.text).joined(separator: ", ") } ?? "")
    case .passt(_, let forwards):
      "passt" + (forwards.map { " with " + $0.map(\.text).joined(separator: ", ") } ?? "")
    case .link(let end): "link by \(end.own)"
    case .unplugged: "nothing"
    }
  }
}

extension QEMUOption {
  static func network(_ spec: MachineSpec, in folder: MachineFolder) -> [String] {
    if spec.cards.isEmpty { return ["-nic", "none"] }
    return spec.cards.enumerated().flatMap { index, card in
      let id = "net\(index)"
      let address = card.address ?? mac(of: index == 0 ? spec.name : "\(spec.name)/\(index)")
      // romfile= leaves out the network boot ROM, which costs start-up and is wanted only by who boots from it.
      let rom = spec.boot?.contains("n") == true ? "" : ",romfile="
      var queues = ""
      if case .tap(_, _, let count?, _) = card.network, card.model == NetworkCard.virtio {
        // An interrupt for each direction of each queue, one for changes, one for the control queue.
        queues = ",mq=on,vectors=\(2 * count + 2)"
      }
      return [
        "-netdev", backend(card.network, id, folder), "-device",
        "\(card.model),netdev=\(id),mac=\(address)\(queues)\(card.hostMTU.map { ",host_mtu=\($0)" } ?? "")\(rom)",
      ]
    }
  }

  private static func backend(_ network: NetworkCard.Network, _ id: String, _ folder: MachineFolder) -> String {
    switch network {
    case .tap(let name, let vhost, let queues, _):
      "tap,id=\(id),ifname=\(name),script=no,downscript=no,vhost=\(vhost ? "on" : "off")"
        + (queues.map { ",queues=\($0)" } ?? "")
    case .user(let port, let forwards):
      "user,id=\(id),hostfwd=tcp:127.0.0.1:\(port)-:22"
        + (forwards ?? []).map { ",hostfwd=\($0.rule)" }.joined()
    case .passt: "stream,id=\(id),server=off,addr.type=unix,addr.path=\(escape(folder.passt(id)))"
    case .link(let end):
      "dgram,id=\(id),local.type=unix,local.path=\(escape(end.own)),remote.type=unix,remote.path=\(escape(end.peer))"
    case .unplugged: "hubport,id=\(id),hubid=0"
    }
  }

  /// A card's address made from a name: QEMU's prefix 52:54:00 and three bytes of an FNV-1a hash.
  static func mac(of name: String) -> String {
    let hash = fnv1a(name)
    let bytes = [
      UInt8(truncatingIfNeeded: hash), UInt8(truncatingIfNeeded: hash >> 8), UInt8(truncatingIfNeeded: hash >> 16),
    ]
    return "52:54:00"
      + bytes.map { ":" + (String($0, radix: 16).count == 1 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
