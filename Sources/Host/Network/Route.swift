import FoundationEssentials

/// An IPv4 route as `ip -json route show` tells it (ip-route(8)).
struct Route: Sendable, Decodable {
  /// `10.0.0.0/8`, `10.1.2.3` or `default`.
  var dst: String
  var gateway: String?
  var dev: String?
  var metric: Int?
  var `protocol`: String?
  var type: String?

  /// Where it leads; nil for all the world, which VPNs also write as two halves.
  var network: Link.Address? {
    let parts = dst.split(separator: "/")
    guard let first = parts.first, IPv4.parse(String(first)) != nil else { return nil }
    let length = parts.count == 2 ? Int(parts[1]) ?? 32 : 32
    return length < 4 ? nil : Link.Address(address: String(first), prefixLength: length)
  }

  /// As `ip route replace` takes it.
  var text: String {
    dst + (gateway.map { " via \($0)" } ?? "") + (dev.map { " dev \($0)" } ?? "")
      + (metric.map { " metric \($0)" } ?? "")
  }
}

extension LocalHost {
  /// The IPv4 routes of a network namespace that lead to other machines, those of policy routing included.
  /// - Parameters:
  ///   - device: over this interface alone, in the main table.
  ///   - namespace: a named one; nil is the caller's.
  func routes(over device: String? = nil, in namespace: String?) async throws(HostError) -> [Route] {
    var command = Command.query(
      IPBatch.prefix(namespace) + ["-4", "-json", "route", "show"] + (device.map { ["dev", $0] } ?? ["table", "all"]))
    // Only root may enter a namespace.
    if namespace != nil { command = command.privileged }
    let result = try await require(command, to: "list the routes" + (device.map { " over \($0)" } ?? ""))
    // With a device to choose by, ip leaves it out of what it prints.
    return ((try? JSONDecoder().decode([Route].self, from: Data(result.output))) ?? []).filter {
      $0.type == nil || $0.type == "unicast"
    }.map { route in
      var route = route
      route.dev = route.dev ?? device
      return route
    }
  }
}
