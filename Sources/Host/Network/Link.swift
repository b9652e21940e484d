import FoundationEssentials
import Glibc

/// A network interface as `ip -json -details address show` tells it (ip-address(8)).
public struct Link: Sendable, Equatable {
  public struct Address: Sendable, Equatable {
    public let address: String
    public let prefixLength: Int
    /// As `ip` writes it: 192.168.77.1/24.
    public var text: String { "\(address)/\(prefixLength)" }
  }
  public enum Kind: Sendable, Equatable {
    case tap, bridge
    case other(String)
    public var text: String {
      switch self {
      case .tap: "tap"
      case .bridge: "bridge"
      case .other(let name): name
      }
    }
  }

  public let index: Int
  public let name: String
  public let kind: Kind
  /// The bridge that it is in.
  public let master: String?
  public let isUp: Bool
  /// A program has it open: for a tap, a QEMU runs on it.
  public let hasCarrier: Bool
  /// The user that may open a tap; nil is root alone, or whoever has the right.
  public let owner: String?
  /// IPv4 addresses.
  public let addresses: [Address]
  /// All that do not come by themselves, IPv6 too, as `ip address add` takes them.
  let addressTexts: [String]
  /// What its maker calls it; kdevlua names its state there (`LocalHost.linkAlias`).
  public let alias: String?

  /// Whether the caller's namespace has no interface of that name (proc_pid_net(5)); false when nobody can tell. (Not by
  /// if_nametoindex(3): of a name that it does not know the kernel asks modprobe, dev_load in net/core/dev_ioctl.c.)
  static func isMissing(_ name: String) -> Bool {
    guard let table = try? Files.text("/proc/self/net/dev") else { return false }
    return !table.split(separator: "\n").contains { $0.drop { $0 == " " }.hasPrefix(name + ":") }
  }

  /// Whether the kernel knows it no more, in the caller's namespace, nor an address or a route that it had: the settings for IPv4 go
  /// with the last of those (inetdev_destroy in net/ipv4/devinet.c). An index is not given to another one by itself.
  var isGone: Bool {
    let isUnknown = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE)) { name in
      if_indextoname(UInt32(index), name.baseAddress) == nil && errno == ENXIO
    }
    return isUnknown && (addresses.isEmpty || !Files.exists("/proc/sys/net/ipv4/conf/" + name))
  }

  static let aliasPrefix = "kdevlua:"
  /// The state of the kdevlua that made it.
  var stateOfMaker: String? {
    guard let alias, alias.hasPrefix(Self.aliasPrefix) else { return nil }
    return String(alias.dropFirst(Self.aliasPrefix.count))
  }
  /// The largest packet, in bytes.
  public let mtu: Int
  /// A tap that several queues can be opened of.
  public let isMultiqueue: Bool
}

extension Link: Decodable {
  private enum Key: String, CodingKey {
    case ifindex, ifname, flags, master, linkinfo, ifalias, mtu
    case addressInfo = "addr_info"
    case linkType = "link_type"
  }
  private struct Info: Decodable {
    struct Tun: Decodable {
      var type: String?
      var user: JSONValue?
      var isMultiqueue: Bool?

      private enum CodingKeys: String, CodingKey {
        case type, user
        case isMultiqueue = "multi_queue"
      }
    }
    var kind: String?
    var data: Tun?

    private enum CodingKeys: String, CodingKey {
      case kind = "info_kind"
      case data = "info_data"
    }
  }
  private struct AddressInfo: Decodable {
    var family: String?
    var local: String?
    /// Of the other end.
    var address: String?
    var prefixlen: Int?
    var broadcast: String?
    var scope: String?
    var `protocol`: String?
    var dynamic: Bool?
    var noprefixroute: Bool?

    /// As `ip address add` takes it; nil when the kernel makes it itself, of a router's word or the card's address.
    var text: String? {
      guard let local, let prefixlen else { return nil }
      let isIPv6 = family == "inet6"
      if isIPv6, dynamic ?? false || `protocol` == "kernel_ll" { return nil }
      var words = address.map { [local, "peer", "\($0)/\(prefixlen)"] } ?? ["\(local)/\(prefixlen)"]
      if let broadcast { words += ["broadcast", broadcast] }
      if let scope, scope != "global" { words += ["scope", scope] }
      if noprefixroute ?? false { words.append("noprefixroute") }
      // Else it is no route's source for a second (duplicate address detection).
      if isIPv6 { words.append("nodad") }
      return words.joined(separator: " ")
    }
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    index = try fields.decode(Int.self, forKey: .ifindex)
    name = try fields.decode(String.self, forKey: .ifname)
    let flags = try fields.decodeIfPresent([String].self, forKey: .flags) ?? []
    isUp = flags.contains("UP")
    hasCarrier = flags.contains("LOWER_UP")
    master = try fields.decodeIfPresent(String.self, forKey: .master)
    alias = try fields.decodeIfPresent(String.self, forKey: .ifalias)
    let info = try fields.decodeIfPresent(Info.self, forKey: .linkinfo)
    switch (info?.kind, info?.data?.type) {
    case ("tun", "tap"): kind = .tap
    case ("bridge", _): kind = .bridge
    case (let name?, _): kind = .other(name)
    case (nil, _): kind = .other(try fields.decodeIfPresent(String.self, forKey: .linkType) ?? "link")
    }
    owner =
      switch info?.data?.user {
      case .string(let name): name
      case .integer(let id): String(id)
      default: nil
      }
    mtu = try fields.decodeIfPresent(Int.self, forKey: .mtu) ?? 1500
    isMultiqueue = info?.data?.isMultiqueue ?? false
    let addressInfo = try fields.decodeIfPresent([AddressInfo].self, forKey: .addressInfo) ?? []
    addressTexts = addressInfo.compactMap(\.text)
    addresses = addressInfo.compactMap { info in
      guard info.family == "inet", let address = info.local, let length = info.prefixlen else { return nil }
      return Address(address: address, prefixLength: length)
    }
  }
}

extension LocalHost {
  /// All interfaces of a network namespace.
  /// - Parameter namespace: a named one; nil is the caller's.
  public func links(in namespace: String? = nil) async throws(HostError) -> [Link] {
    var command = Command.query(IPBatch.prefix(namespace) + ["-json", "-details", "address", "show"])
    // Only root may enter a namespace.
    if namespace != nil { command = command.privileged }
    let result = try await require(command, to: "list the network interfaces")
    do {
      return try JSONDecoder().decode([Link].self, from: Data(result.output))
    } catch {
      throw HostError(.system, "cannot read what ip prints: \(error)")
    }
  }

  /// The interface of that name, or nil.
  public func link(_ name: String, in namespace: String? = nil) async throws(HostError) -> Link? {
    if namespace == nil, Link.isMissing(name) { return nil }
    return try await links(in: namespace).first { $0.name == name }
  }

  /// The IPv4 addresses of all interfaces, with the names of these. Those of the caller's namespace are asked for without a
  /// program: getifaddrs(3).
  func addresses(in namespace: String?) async throws(HostError) -> [(link: String, address: Link.Address)] {
    if namespace != nil {
      if isDryRun, isGone(namespace) { return [] }
      return try await links(in: namespace).flatMap { link in link.addresses.map { (link.name, $0) } }
    }
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { throw .system("could not list the addresses of the host", errno: errno) }
    defer { freeifaddrs(first) }
    return sequence(first: first) { $0?.pointee.ifa_next }.compactMap(\.self).compactMap { entry in
      guard let address = Self.bits(of: entry.pointee.ifa_addr), let mask = Self.bits(of: entry.pointee.ifa_netmask)
      else {
        return nil
      }
      return (
        String(cString: entry.pointee.ifa_name),
        Link.Address(address: IPv4.text(address), prefixLength: mask.nonzeroBitCount)
      )
    }
  }

  private static func bits(of address: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
    guard let address, address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
    return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
    }
  }

  /// The index of the first interface that `ip -json link show` tells of.
  static func linkIndex(in output: [UInt8]) -> Int? {
    struct Shown: Decodable { var ifindex: Int }
    return (try? JSONDecoder().decode([Shown].self, from: Data(output)))?.first?.ifindex
  }

  /// - Throws: `invalid` for what Linux does not take as an interface's name (IFNAMSIZ,
  ///   dev_valid_name in net/core/dev.c), and for what it takes as something else: it counts for "%d", and has settings for all.
  static func validate(interfaceName name: String) throws(HostError) {
    let bad =
      name.isEmpty || name.utf8.count > 15 || [".", "..", "all", "default"].contains(name)
      || name.contains { "/:,%".contains($0) || $0.isWhitespace }
    if bad || name.hasPrefix("-") {
      throw HostError(
        .invalid,
        "\"\(name)\" cannot be an interface's name: 1 to 15 characters, no space, \"/\", \":\", \",\" or \"%\", and not all or default"
      )
    }
  }
}
