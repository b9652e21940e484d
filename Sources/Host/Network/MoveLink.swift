import Glibc

extension LocalHost {
  /// Moves an interface of the host into a namespace: `ip link set dev NAME netns NAMESPACE`. The kernel takes its addresses
  /// and routes from it on the way, so they are given to it again, there.
  /// - Returns: its line in the journal; nil in a dry run.
  func move(_ link: Link, into namespace: String, in transaction: Transaction) async throws(HostError) -> JournalEntry?
  {
    let all = try await routesToKeep(over: link.name)
    let routes = all.filter { $0.devices == [link.name] }
    let words = link.isUp ? routes.map(\.text) : []
    let resource = Resource.movedLink(
      name: link.name, namespace: namespace, addresses: link.addressTexts, routes: words, isUp: link.isUp)
    let entry = isDryRun ? nil : try transaction.record(resource)
    do throws(HostError) {
      try await carry(link.name, from: nil, to: namespace)
      try await require(rest(of: link.name, in: namespace, link.addressTexts, words, isUp: link.isUp))
    } catch {
      if let entry {
        try await uncancelled { () async throws(HostError) in
          // Another one of its name may be in the namespace, as a loopback is.
          if try await self.link(link.name)?.index != link.index {
            try await self.moveBack(link.name, from: namespace, link.addressTexts, words, isUp: link.isUp)
          }
          try transaction.strike(entry)
        }
      }
      throw error
    }
    for route in all where link.isUp && route.devices != [link.name] {
      let line =
        ["sudo", "ip", "-\(route.family)", "route", "replace"] + route.text.split(separator: " ").map(String.init)
      warn(
        "the route to \(route.dst) leads over other interfaces, too, and loses \(link.name); when that is back: "
          + ShellText.line(line))
    }
    // Rules belong to no interface, and those of the host may be meant for its other ones.
    let rules = Set(
      routes.compactMap { route in
        route.table.map { "sudo ip -\(route.family) -n \(namespace) rule add table \($0)" }
      })
    if link.isUp, !rules.isEmpty {
      warn(
        "\(link.name) has routes in a table of policy routing, whose rules (ip rule) are not moved; to have them used in "
          + "\(namespace): \(rules.sorted().joined(separator: "; "))")
    }
    return entry
  }

  /// Moves it back to the caller's namespace, with what it had there. What of that it does not take any more is said.
  func moveBack(
    _ name: String, from namespace: String, _ addresses: [String], _ routes: [String], isUp: Bool?
  ) async throws(HostError) {
    if !isGone(namespace), let link = try await link(name, in: namespace) {
      do throws(HostError) { try await carry(name, from: namespace, to: nil) } catch {
        var error = error
        if try await self.link(name) != nil {
          error.hint = "another interface is called \(name) now: sudo ip link del \(name), then kdevlua down again"
        }
        throw error
      }
      let rest = rest(of: name, in: nil, addresses, routes, isUp: isUp ?? link.isUp)
      try await uncancelled { () async throws(HostError) in try await self.giveBack(rest) }
    } else if let link = try await link(name), !link.isUp, link.addressTexts.isEmpty, !isDryRun {
      // It was moved, and kdevlua was killed then.
      try await giveBack(rest(of: name, in: nil, addresses, routes, isUp: isUp ?? true))
    }
  }

  private func carry(_ name: String, from: String?, to: String?) async throws(HostError) {
    var batch = IPBatch(namespace: from)
    batch.add(
      "link", "set", "dev", name, "netns", to ?? String(getpid()),
      to: "move \(name) into \(to.map { "the namespace \($0)" } ?? "the host's namespace")")
    try await require(batch)
  }

  /// The lines that give an interface what it had.
  private func rest(
    of name: String, in namespace: String?, _ addresses: [String], _ routes: [String], isUp: Bool
  ) -> IPBatch {
    var batch = IPBatch(namespace: namespace)
    func add(_ verb: [String], _ text: String, _ end: [String], to purpose: String) {
      batch.lines.append(.init(arguments: verb + text.split(separator: " ").map(String.init) + end, purpose: purpose))
    }
    for address in addresses {
      add(["address", "replace"], address, ["dev", name], to: "give \(name) the address \(address)")
    }
    if isUp { batch.add("link", "set", "dev", name, "up", to: "bring \(name) up") }
    for route in routes { add(["route", "replace"], route, [], to: "set the route \(route)") }
    return batch
  }

  /// Runs all lines, whichever of them fail.
  private func giveBack(_ batch: IPBatch) async throws(HostError) {
    var batch = batch
    while let (number, error) = try await run(batch).failure {
      let line = number ?? 0
      let command = ShellText.line(batch.command(batch.lines[line]).arguments)
      warn("\(error.message); when it can: \(command)")
      batch.lines.removeFirst(line + 1)
    }
  }

  /// The routes over an interface that do not come by themselves with its addresses. Those that need another one come after it.
  private func routesToKeep(over name: String) async throws(HostError) -> [Route] {
    let found = try await routes(over: name).filter { $0.protocol != "kernel" && $0.protocol != "ra" }
    func isDirect(_ route: Route) -> Bool { route.gateway == nil && route.via == nil && route.nexthops == nil }
    return found.filter(isDirect) + found.filter { !isDirect($0) }
  }
}
