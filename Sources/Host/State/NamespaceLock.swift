import Glibc
import Synchronization

/// An exclusive lock that every program in this network namespace sees, whoever its user is and wherever its state: an
/// abstract Unix socket, whose names belong to the namespace and go with the process (unix(7)). Interfaces, ports and
/// addresses belong to the namespace, too, so a lock in anybody's folder would not do.
final class NamespaceLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Takes the lock, or returns nil when it is held.
  static func attempt(_ name: String) throws(HostError) -> NamespaceLock? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The first byte stays 0: that makes the name an abstract one.
    let bytes = Array("kdevlua/\(name)".utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw HostError(.invalid, "the lock's name is too long: \(name)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + bytes.count)
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system("could not make a socket", errno: errno) }
    // The length says where the name ends.
    if withSocketAddress(address, { here, _ in bind(descriptor, here, length) }) == 0 {
      return NamespaceLock(descriptor: descriptor)
    }
    let code = errno
    close(descriptor)
    if code == EADDRINUSE { return nil }
    throw .system("could not take the lock \(name)", errno: code)
  }

  /// Takes the lock as soon as it is free. Other tasks of this process go on meanwhile, so they can let it go.
  /// - Throws: `cancelled`; `busy` with the message when it is not free within the limit.
  static func acquire(
    _ name: String, within limit: Duration, else message: @autoclosure () -> String
  ) async throws(HostError) -> NamespaceLock {
    let end = ContinuousClock.now + limit
    while true {
      if let lock = try attempt(name) { return lock }
      if ContinuousClock.now >= end { throw HostError(.busy, message()) }
      try await pause(.milliseconds(5))
    }
  }

  deinit { close(descriptor) }
}

/// What this process keeps from all others while it is not visible yet on the machine itself.
struct Reservations: Sendable {
  private var held: [String: (owner: String?, lock: NamespaceLock)] = [:]

  /// - Parameter owner: nil is one that takes nothing twice.
  /// - Returns: whether it is the owner's now, or was already.
  mutating func take(_ what: String, for owner: String?) throws(HostError) -> Bool {
    if let known = held[what] { return owner != nil && known.owner == owner }
    guard let lock = try NamespaceLock.attempt(what) else { return false }
    held[what] = (owner, lock)
    return true
  }

  mutating func drop(_ what: String) { held[what] = nil }
}

extension LocalHost {
  /// Keeps a port or an address of this network namespace from every other kdevlua, until `release` or the process's end.
  /// - Parameter owner: who may take it again in this process; nil is nobody.
  /// - Returns: false when another kdevlua, or another owner in this one, has it.
  func reserve(_ what: String, for owner: String?) throws(HostError) -> Bool {
    let result = reservations.withLock { held -> Result<Bool, HostError> in
      do throws(HostError) { return .success(try held.take(what, for: owner)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Lets go what was reserved: by now the machine shows that it is taken, or it was not needed.
  func release(_ what: String) { reservations.withLock { $0.drop(what) } }

  /// Lets go what a machine's launch had reserved.
  func releaseReservations(of spec: MachineSpec) {
    for network in spec.cards.map(\.network) {
      switch network {
      case .user(let port, let forwards), .passt(let port, let forwards):
        for port in [port] + (forwards ?? []).map(\.host) { release(Self.reservation(ofPort: port)) }
      case .tap, .link, .unplugged: break
      }
    }
    if let note = spec.addressNote { release(Self.reservation(ofAddress: note.address)) }
  }

  static func reservation(ofPort port: Int) -> String { "port/\(port)" }
  static func reservation(ofAddress address: String) -> String { "address/\(address)" }

  /// A port on loopback that nobody listens on, and that nobody else, in this kdevlua or another one, is given until a machine
  /// with it is launched.
  /// - Throws: `busy` when none is free.
  public func reserveLoopbackPort(udp: Bool = false) throws(HostError) -> Int {
    try freeLoopbackPort(udp: udp) { port throws(HostError) in
      try reserve(Self.reservation(ofPort: port), for: nil)
    }
  }
}
