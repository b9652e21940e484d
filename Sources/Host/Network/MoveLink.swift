import Glibc

extension LocalHost {
  /// Moves an interface of the host into a namespace: `ip link set dev NAME netns NAMESPACE`. The kernel takes its addresses
  /// and routes from it on the way, so they are given to it again, there.
  /// - Returns: its line in the journal; nil in a dry run.
  func move(_ link: Link, into namespace: String, in transaction: Transaction) async throws(HostError) -> JournalEntry?
  {
    // Those that the kernel makes of addresses come by themselves.
    let routes = try await routes(over: link.name, in: nil).filter { $0.protocol != "kernel" }.map(\.text)
    let addresses = link.addresses.map(\.text)
    let resource = Resource.movedLink(
      name: link.name, namespace: namespace, addresses: addresses, routes: link.isUp ? routes : [])
    let entry = isDryRun ? nil : try transaction.record(resource)
    do throws(HostError) {
      try await carry(link.name, from: nil, to: namespace, addresses, routes, isUp: link.isUp)
      return entry
    } catch {
      if let entry {
        try await uncancelled { () async throws(HostError) in try await self.undoNetwork([entry], isLocked: true) }
      }
      throw error
    }
  }

  /// Moves it back to the caller's namespace, with what it had there.
  func moveBack(
    _ name: String, from namespace: String, _ addresses: [String], _ routes: [String]
  ) async throws(HostError) {
    guard !isGone(namespace), let link = try await link(name, in: namespace) else { return }
    try await carry(name, from: namespace, to: nil, addresses, routes, isUp: link.isUp)
  }

  private func carry(
    _ name: String, from: String?, to: String?, _ addresses: [String], _ routes: [String], isUp: Bool
  ) async throws(HostError) {
    var out = IPBatch(namespace: from)
    out.add(
      "link", "set", "dev", name, "netns", to ?? String(getpid()),
      to: "move \(name) into \(to.map { "the namespace \($0)" } ?? "the host's namespace")")
    try await require(out)
    var rest = IPBatch(namespace: to)
    for address in addresses {
      rest.add("address", "add", address, "dev", name, to: "give \(name) the address \(address)")
    }
    if isUp { rest.add("link", "set", name, "up", to: "bring \(name) up") }
    for route in routes {
      let words = route.split(separator: " ").map(String.init)
      rest.lines.append(.init(arguments: ["route", "replace"] + words, purpose: "set the route \(route)"))
    }
    try await require(rest)
  }
}
