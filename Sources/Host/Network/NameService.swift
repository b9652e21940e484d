import Glibc

/// Where the files of a bridge are: who has which address in it, and what its dnsmasq reads and writes.
struct BridgeFolder: Sendable, Equatable {
  let path: String

  init(of bridge: String, in namespace: String?, _ state: StateDirectory) {
    path = state.networks + "/" + (namespace.map { "\($0)@" } ?? "") + bridge
  }
  init(path: String) { self.path = path }

  var configuration: String { path + "/dnsmasq.conf" }
  var leases: String { path + "/leases" }
  var log: String { path + "/log" }
  /// The number of its process, as dnsmasq writes it; it says where to look first.
  var process: String { path + "/pid" }
  var hasNoGuests: Bool {
    get throws(HostError) {
      for path in [names, cards] where Files.exists(path) { if try !Files.list(path).isEmpty { return false } }
      return true
    }
  }
  /// What is written for dnsmasq, and by it.
  var written: [String] { [configuration, leases, log, process] }
  /// A file a guest with its address and name, as in /etc/hosts. They are what says that an address is taken.
  var names: String { path + "/names" }
  /// A file a guest: its card's address, its address and its name, as dnsmasq's `--dhcp-host` takes them.
  var cards: String { path + "/cards" }
}

extension LocalHost {
  /// Starts a dnsmasq for a bridge, unless one of ours serves it already: DHCP for its guests, and DNS that knows their names
  /// and asks the host's resolvers for all others. It listens in that bridge alone, and as root only until it has its ports.
  /// - Returns: its line in the journal; nil when it ran already, and in a dry run.
  /// - Throws: `busy` when another program has the ports.
  func startNameService(_ bridge: Bridge, in transaction: Transaction) async throws(HostError) -> JournalEntry? {
    let folder = BridgeFolder(of: bridge.name, in: bridge.namespace, state)
    let runs = nameService(in: folder) != nil
    guard let address = bridge.address else {
      throw HostError(
        .invalid, "the bridge \(bridge.name) has no address to give out others beside",
        hint: "give it one: \(addressHint(bridge.name, in: bridge.namespace))")
    }
    let network = try IPv4.Network(address.text)
    let options = Self.options(of: bridge.name, network, mtu: bridge.mtu, user: Self.userName(), folder)
    if runs {
      let has = (try? Files.text(folder.configuration)) ?? ""
      if has.split(separator: "\n").contains(where: { $0 == Self.range(network) }) { return nil }
      // The bridge has another address than it had.
      try await end(bridge.name, folder)
    }
    var command = inside(
      bridge.namespace, .change("dnsmasq", "--conf-file=\(folder.configuration)"), keepsRoot: true)
    if isDryRun {
      for path in [folder.names, folder.cards] { try makeStateFolder(path) }
      // Without a file, which nobody has written.
      let line = Command.change(["dnsmasq", "--conf-file=/dev/null"] + options.map { "--" + $0 })
      command.said = [inside(bridge.namespace, line, keepsRoot: true).arguments]
      try await require(command, to: "start dnsmasq")
      return nil
    }
    let resource = Resource.nameService(bridge: bridge.name, folder: folder.path, namespace: bridge.namespace)
    // One that somebody has killed is in the journal still.
    let entry = try journal.tells(of: resource) ? nil : try transaction.record(resource)
    do throws(HostError) {
      for path in [folder.names, folder.cards] { try state.make(path) }
      let text = (["# DHCP and DNS for the guests in \(bridge.name)."] + options.map(Self.line)).map { $0 + "\n" }
        .joined()
      try Files.write(Array(text.utf8), to: folder.configuration, mode: 0o600)
      let result = try await run(command, timeLimit: .seconds(20))
      guard result.succeeded else {
        var error = failure(of: command, result, to: "start DHCP and DNS in \(bridge.name)")
        // "Misc. problem with binding", in dnsmasq(8), EXIT CODES.
        if result.status == 2 {
          error.code = .busy
          error.message = "another program serves names or addresses in \(bridge.name)"
          error.hint = "leave dhcp out, or see who it is: ss -lunp 'sport = :53 or sport = :67'"
        }
        throw error
      }
      return entry
    } catch {
      if let entry {
        try await uncancelled { () async throws(HostError) in
          try await self.end(bridge.name, folder)
          // What is noted of guests stays.
          for path in folder.written { try Files.remove(path) }
          if try folder.hasNoGuests { try Files.removeTree(folder.path) }
          try transaction.strike(entry)
        }
      }
      throw error
    }
  }

  /// dnsmasq(8): what it is told, as lines of its file or, after "--", words of its command line.
  static func options(
    of bridge: String, _ network: IPv4.Network, mtu: Int?, user: String, _ folder: BridgeFolder
  ) -> [String] {
    var lines = [
      // Of its rights it keeps what its sockets need.
      "user=\(user)", "pid-file=\(folder.process)",
      // This bridge alone: not even loopback, which it would take by itself.
      "interface=\(bridge)", "except-interface=lo", "bind-interfaces",
      range(network), "dhcp-authoritative",
      // An address that is given out is in a file of ours: nobody has to be asked whether it is free, for seconds.
      "no-ping", "dhcp-leasefile=\(folder.leases)",
      // Read when they change.
      "dhcp-hostsdir=\(folder.cards)", "hostsdir=\(folder.names)",
      // As the host's own programs do: the first server first, the names of /etc/hosts, and nobody for a name without a dot.
      "resolv-file=/etc/resolv.conf", "strict-order", "domain-needed",
      "log-facility=\(folder.log)",
    ]
    if let mtu { lines.append("dhcp-option=option:mtu,\(mtu)") }
    return lines
  }

  private static func range(_ network: IPv4.Network) -> String {
    "dhcp-range=\(network.first),\(network.last),\(network.maskText),12h"
  }

  /// An option as a line of the file. A value with what dnsmasq reads as something else, such as a comment, is in quotes
  /// (read_file in dnsmasq's option.c).
  static func line(of option: String) -> String {
    guard let place = option.firstIndex(of: "="), option.contains(where: { "\"\\#".contains($0) || $0.isWhitespace })
    else { return option }
    let value = option[option.index(after: place)...]
    return option[...place] + "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Ends the dnsmasq of a bridge and removes what it wrote, and what was noted of guests.
  func stopNameService(of bridge: String, in path: String) async throws(HostError) {
    try await end(bridge, BridgeFolder(path: path))
    if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
  }

  private func end(_ bridge: String, _ folder: BridgeFolder) async throws(HostError) {
    if let process = nameService(in: folder).flatMap(ProcessHandle.init),
      !plans("kill \(process.id)  # dnsmasq of \(bridge)")
    {
      for signal in [SIGTERM, SIGKILL] where !process.hasEnded {
        process.signal(signal)
        _ = try await process.end(within: .seconds(2))
      }
      guard process.hasEnded else {
        throw HostError(
          .system, "the dnsmasq of \(bridge) (process \(process.id)) does not end", hint: "sudo kill -9 \(process.id)")
      }
    }
  }

  /// The dnsmasq that was started with the file in the folder: it is known by its own command line.
  func nameService(in folder: BridgeFolder) -> Processes.Process? {
    guard Files.exists(folder.configuration) else { return nil }
    let option = "--conf-file=\(folder.configuration)"
    func isMeant(_ process: Processes.Process) -> Bool {
      process.arguments.contains(option) && process.arguments.first.map { Files.name(of: $0) } == "dnsmasq"
    }
    let noted = (try? Files.text(folder.process)).flatMap { pid_t($0.prefix(while: \.isNumber)) }
    if let process = noted.flatMap(Processes.process), isMeant(process) { return process }
    return Processes.all().first(where: isMeant)
  }
}
