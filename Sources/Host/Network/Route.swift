import FoundationEssentials

/// A route as `ip -json route show` tells it (ip-route(8)).
struct Route: Sendable, Decodable {
  /// One of several ways that packets take by turns.
  struct Nexthop: Sendable, Decodable { var gateway: String?, via: Via?, dev: String?, weight: Int? }
  /// What is known of the way: mtu, advmss and so on.
  struct Metrics: Sendable, Decodable {
    let words: [String]
    init(from decoder: any Decoder) throws {
      let list = (try? decoder.singleValueContainer().decode([[String: Int]].self)) ?? []
      words = list.flatMap { $0.sorted { $0.key < $1.key }.flatMap { [$0.key, String($0.value)] } }
    }
  }
  /// A gateway of the other family.
  struct Via: Sendable, Decodable { var family: String, host: String }

  /// `10.0.0.0/8`, `10.1.2.3` or `default`.
  var dst: String
  var gateway: String?
  var via: Via?
  var dev: String?
  /// nil is the main one.
  var table: String?
  /// The address that packets over it are sent from.
  var prefsrc: String?
  var scope: String?
  var metric: Int?
  var `protocol`: String?
  var type: String?
  var flags: [String]?
  var metrics: Metrics?
  var nexthops: [Nexthop]?
  /// 4 or 6.
  var family = "4"

  private enum CodingKeys: CodingKey {
    case dst, gateway, via, dev, table, prefsrc, scope, metric, `protocol`, type, flags, metrics, nexthops
  }

  /// Where it leads; nil for all the world, which VPNs also write as two halves.
  var network: Link.Address? {
    let parts = dst.split(separator: "/")
    guard let first = parts.first, IPv4.parse(String(first)) != nil else { return nil }
    let length = parts.count == 2 ? Int(parts[1]) ?? 32 : 32
    return length < 4 ? nil : Link.Address(address: String(first), prefixLength: length)
  }

  /// The interfaces that it leads over.
  var devices: Set<String> { Set([dev].compactMap(\.self) + (nexthops ?? []).compactMap(\.dev)) }

  /// As `ip route replace` takes it.
  var text: String {
    var words = [dst == "default" && family == "6" ? "::/0" : dst]
    if let gateway { words += ["via", gateway] }
    if let via { words += ["via", via.family, via.host] }
    for (name, value) in [
      ("dev", dev), ("table", table), ("src", prefsrc), ("scope", scope), ("metric", metric.map(String.init)),
      ("proto", `protocol`),
    ] {
      if let value { words += [name, value] }
    }
    if flags?.contains("onlink") ?? false { words.append("onlink") }
    words += metrics?.words ?? []
    for hop in nexthops ?? [] {
      words.append("nexthop")
      if let gateway = hop.gateway { words += ["via", gateway] }
      if let via = hop.via { words += ["via", via.family, via.host] }
      if let dev = hop.dev { words += ["dev", dev] }
      if let weight = hop.weight { words += ["weight", String(weight)] }
    }
    return words.joined(separator: " ")
  }
}

extension LocalHost {
  /// The IPv4 routes of a network namespace that lead to other machines, those of policy routing included.
  /// - Parameter namespace: a named one; nil is the caller's.
  func routes(in namespace: String?) async throws(HostError) -> [Route] {
    var command = Command.query(IPBatch.prefix(namespace) + ["-4", "-json", "route", "show", "table", "all"])
    // Only root may enter a namespace.
    if namespace != nil { command = command.privileged }
    return Self.routes(in: try await require(command, to: "list the routes").output)
  }

  /// The routes of the caller's network namespace over an interface, of all tables and of both families.
  func routes(over device: String) async throws(HostError) -> [Route] {
    var found: [Route] = []
    for family in ["4", "6"] {
      // With a device to choose by, ip leaves out those over several.
      let command = Command.query("ip", "-\(family)", "-json", "route", "show", "table", "all")
      let output = try await require(command, to: "list the routes over \(device)").output
      found += Self.routes(in: output).filter { $0.devices.contains(device) }.map { route in
        var route = route
        route.family = family
        return route
      }
    }
    return found
  }

  private static func routes(in output: [UInt8]) -> [Route] {
    ((try? JSONDecoder().decode([Route].self, from: Data(output))) ?? []).filter {
      $0.type == nil || $0.type == "unicast"
    }
  }
}
