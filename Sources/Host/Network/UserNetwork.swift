/// A port of the host's loopback that leads to one of a guest with user networking.
public struct PortForward: Sendable, Equatable, Codable {
  public var isUDP: Bool
  /// On 127.0.0.1.
  public var host: Int
  public var guest: Int

  public init(isUDP: Bool, host: Int, guest: Int) {
    self.isUDP = isUDP
    self.host = host
    self.guest = guest
  }

  /// As QEMU takes it (qemu-system-x86_64(1), -netdev user, hostfwd).
  var rule: String { "\(isUDP ? "udp" : "tcp"):127.0.0.1:\(host)-:\(guest)" }
  /// For people. The port of the host may be chosen anew each time, so it is no difference.
  var text: String { "\(isUDP ? "udp" : "tcp") port \(guest)" }
}

/// An end of a cable between two machines: Unix sockets that their QEMUs send to each other by (-netdev dgram). Neither has to be
/// started first, and either may be started again.
public struct LinkEnd: Sendable, Equatable, Codable {
  /// The socket that this end receives by.
  public let own: String
  let peer: String

  init(own: String, peer: String) {
    self.own = own
    self.peer = peer
  }
}

extension LocalHost {
  /// Where guests with user networking are: QEMU's default (qemu-system-x86_64(1), -netdev user, net).
  static let userNetwork = "10.0.2.2/24"

  /// A cable between two machines.
  /// - Throws: `invalid` for a name that cannot be a file's.
  public func makeLink(_ name: String, in transaction: Transaction) throws(HostError) -> (LinkEnd, LinkEnd) {
    try Self.validate(machineName: name)
    let folder = state.root + "/links"
    let paths = [folder + "/\(name).1", folder + "/\(name).2"]
    if let long = paths.first(where: { $0.utf8.count > longestSocketPath }) {
      throw HostError(
        .invalid, "\(long) is too long for a Unix socket (\(longestSocketPath) bytes at most)",
        hint: "set KDEVLUA_STATE to a shorter path")
    }
    if !isDryRun {
      try state.make(folder)
      // QEMU makes the sockets, and leaves them.
      let known = try journal.entries().map(\.resource)
      for path in paths where !known.contains(.temporary(path: path)) {
        _ = try transaction.record(.temporary(path: path))
      }
    }
    return (LinkEnd(own: paths[0], peer: paths[1]), LinkEnd(own: paths[1], peer: paths[0]))
  }
}
