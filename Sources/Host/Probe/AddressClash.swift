extension LocalHost {
  /// What else of a host is in a network: of two machines with the same address only one can be reached.
  /// - Parameter device: the interface that the network belongs to; nil when it has none on the host.
  /// - Returns: `wg0's 10.1.2.3/16`, `10.0.0.0/8, where a route over wg0 leads`.
  static func clashes(
    with network: IPv4.Network, on device: String?, _ links: [Link], _ routes: [Route]
  ) -> [String] {
    let near = links.filter { $0.name != device }.flatMap { link in
      link.addresses.filter { network.overlaps($0) }.map { "\(link.name)'s \($0.text)" }
    }
    // A route that the kernel has made of an address says nothing new.
    let far = routes.filter { route in
      guard let place = route.network, route.dev != device, route.protocol != "kernel" else { return false }
      return network.overlaps(place)
    }
    return near + far.map { "\($0.dst), where a route\($0.dev.map { " over \($0)" } ?? "") leads" }
  }

  /// Whether guests' addresses are also somebody else's: those of bridges that kdevlua made, of the next bridge, and of user
  /// networking.
  func examineAddresses() async throws(HostError) -> [Finding] {
    guard executables.find("ip") != nil else { return [] }
    let links = try await links()
    let routes = try await routes(in: nil)
    let boot = try Journal.bootID()
    var findings: [Finding] = []
    var seen: [Resource] = []
    for entry in try journal.entries() where entry.boot == boot && !seen.contains(entry.resource) {
      guard case .bridge(let name, _, let space) = entry.resource, !isGone(space) else { continue }
      if space != nil, try await !canBeRoot() { continue }
      seen.append(entry.resource)
      let around = space == nil ? (links, routes) : (try await self.links(in: space), try await self.routes(in: space))
      findings += Self.judge(bridge: name, owner: entry.owner, around.0, around.1)
    }
    findings.append(try Self.judgeNextBridge(links, routes))
    let user = try IPv4.Network(Self.userNetwork)
    findings += Self.clashes(with: user, on: nil, links, routes).map { clash in
      Finding(
        "addresses", .limited,
        "\(user.networkText) of user networking overlaps with \(clash): guests do not reach what is there",
        hint: "kdevlua run setup.lua --net tap")
    }
    return findings
  }

  static func judge(bridge name: String, owner: String, _ links: [Link], _ routes: [Route]) -> [Finding] {
    let networks = (links.first { $0.name == name }?.addresses ?? []).compactMap { try? IPv4.Network($0.text) }
    return networks.flatMap { network in
      clashes(with: network, on: name, links, routes).map { clash in
        Finding(
          "addresses", .limited, "\(network.networkText) of the bridge \(name) overlaps with \(clash)",
          hint: "kdevlua down" + (owner.isEmpty ? "" : " \(owner)") + ", and run its set-up again with another address")
      }
    }
  }

  private static func judgeNextBridge(_ links: [Link], _ routes: [Route]) throws(HostError) -> Finding {
    if let free = try? freeNetwork(links, routes), clashes(with: free, on: nil, links, routes).isEmpty {
      return Finding("addresses", .ok, "the next bridge gets \(free.text), which nobody else has")
    }
    return Finding(
      "addresses", .limited, "every network from 192.168.77.0/24 to 192.168.254.0/24 is somebody else's",
      hint: "kdev.net.bridge { name = \"virbr0\", address = \"10.77.0.1/24\" }")
  }
}
