import Glibc

extension MachineFolder {
  /// The socket between QEMU and the passt of a card, by QEMU's name of that.
  func passt(_ id: String) -> String { path + "/passt-\(id)" }
}

extension LocalHost {
  /// Starts a passt(1) for each card of a machine that is connected by one, before QEMU connects to it. It ends by itself when that
  /// connection does (`--one-off`).
  /// - Throws: `missing` without passt, or on a host without a way out; `busy` when a port is taken.
  func startPassts(of spec: MachineSpec, in folder: MachineFolder) async throws(HostError) {
    for (index, card) in spec.cards.enumerated() {
      guard case .passt(let port, let forwards) = card.network else { continue }
      try await startPasst(folder.passt("net\(index)"), sshPort: port, forwards ?? [], for: spec.name)
    }
  }

  /// - Parameter socket: where QEMU connects.
  func startPasst(
    _ socket: String, sshPort: Int, _ forwards: [PortForward], for machine: String
  ) async throws(HostError) {
    let all = [PortForward(isUDP: false, host: sshPort, guest: 22)] + forwards
    func ports(udp: Bool, _ option: String) -> [String] {
      all.filter { $0.isUDP == udp }.flatMap { [option, "127.0.0.1/\($0.host):\($0.guest)"] }
    }
    // Without --runas root's would become nobody's, who may not make the socket.
    let command = Command.change(
      ["passt", "--one-off", "--quiet", "--socket", socket] + (isRoot ? ["--runas", "0"] : [])
        + (resolvesOnLoopback ? [] : ["--no-map-gw"])
        + ports(udp: false, "--tcp-ports") + ports(udp: true, "--udp-ports"))
    if !isDryRun {
      try await endServant(at: socket)
      try Files.remove(socket)
    }
    let result = try await run(command, timeLimit: .seconds(20))
    guard !result.succeeded else { return }
    var error = failure(of: command, result, to: "connect the machine \(machine) by passt")
    // Without a syslog it complains of that, too.
    error.detail = result.errorText.split(separator: "\n").filter { !$0.contains("to syslog") }.joined(separator: "\n")
    if result.errorText.contains("Failed to bind") {
      error.code = .busy
      error.message = "a port that is to lead to the machine \(machine) is taken"
      error.hint = "choose another one, or a name instead of a number to get a free one"
      error.command = nil
    } else if result.errorText.contains("External interface not usable") {
      error.code = .missing
      error.message = "passt finds no interface of this host with a way out, whose address the guest would get"
      error.hint = "use kdev.net.user, which needs none"
      error.command = nil
    }
    throw error
  }

  /// Whether the host asks a resolver of its own, which a guest reaches by the address of the gateway alone: passt leads that to the
  /// host's loopback, unless it is told not to. Then the gateway is the gateway, which in many networks is the resolver, too.
  private var resolvesOnLoopback: Bool {
    let lines = ((try? Files.text("/etc/resolv.conf")) ?? "").split(separator: "\n")
    let servers = lines.compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace)
      return words.count > 1 && words[0] == "nameserver" ? words[1] : nil
    }
    return servers.isEmpty || servers.contains { $0.hasPrefix("127.") || $0 == "::1" }
  }
}
