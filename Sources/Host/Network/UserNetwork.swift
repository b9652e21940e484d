import Synchronization

/// A port of the host's loopback that leads to one of a guest with user networking.
public struct PortForward: Sendable, Equatable, Codable {
  public var isUDP: Bool
  /// On 127.0.0.1.
  public var host: Int
  public var guest: Int
  /// The caller asked for this port of the host, and did not leave it to be chosen; nil in records of earlier versions.
  public var isAsked: Bool?

  public init(isUDP: Bool, host: Int, guest: Int, isAsked: Bool = false) {
    self.isUDP = isUDP
    self.host = host
    self.guest = guest
    self.isAsked = isAsked
  }

  /// As QEMU takes it (qemu-system-x86_64(1), -netdev user, hostfwd).
  var rule: String { "\(isUDP ? "udp" : "tcp"):127.0.0.1:\(host)-:\(guest)" }
  /// For people. A port of the host that was left to be chosen is chosen anew each time, so it is no difference.
  var text: String { "\(isUDP ? "udp" : "tcp") port \(guest)" + (isAsked ?? false ? " by \(host)" : "") }
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
    do throws(HostError) { try Self.validate(machineName: name) } catch {
      throw HostError(.invalid, error.message.replacing("a machine's name", with: "a link's name"))
    }
    let folder = state.root + "/links"
    let paths = Self.sockets(ofLink: name, in: folder)
    if let long = paths.first(where: { $0.utf8.count > longestSocketPath }) {
      throw HostError(
        .invalid, "\(long) is too long for a Unix socket (\(longestSocketPath) bytes at most)",
        hint: "set KDEVLUA_STATE to a shorter path")
    }
    try makeStateFolder(folder)
    if !isDryRun {
      // QEMU makes the sockets, and leaves them.
      let resource = Resource.link(name: name, folder: folder)
      if try !journal.entries().contains(where: { $0.resource == resource }) { _ = try transaction.record(resource) }
    }
    return (LinkEnd(own: paths[0], peer: paths[1]), LinkEnd(own: paths[1], peer: paths[0]))
  }

  /// The sockets of its two ends.
  static func sockets(ofLink name: String, in folder: String) -> [String] {
    [folder + "/\(name).1", folder + "/\(name).2"]
  }

  /// Whether a machine runs that is at an end of the link: its QEMU looks the other end's socket up for each packet.
  func isUsed(link name: String, in folder: String) throws(HostError) -> Bool {
    let sockets = Self.sockets(ofLink: name, in: folder)
    // A dry run has left what would be gone by now.
    let undone = plannedUndone.withLock { $0 }
    let ended = undone.isEmpty ? [] : try journal.entries().filter { undone.contains($0.id) }.map(\.resource)
    return try machines().contains { machine in
      let name = machine.record.spec.name
      guard machine.processID != nil,
        !ended.contains(.machine(name: name, folder: self.folder(ofMachine: name).path))
      else { return false }
      return machine.record.cards.compactMap(\.linkEnd).contains { sockets.contains($0.own) }
    }
  }
}
