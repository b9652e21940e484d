import FoundationEssentials

/// All that kdevlua made on this host and knows of.
public struct Survey: Sendable, Encodable {
  public enum MachineStatus: String, Sendable, Encodable {
    case running
    /// Its processors are stopped, by somebody's order.
    case paused
    /// They are, as a disk of it could not be written or read; most often there is no room for it.
    case diskError = "disk-error"
    /// QEMU runs and does not answer.
    case silent
    /// It has ended, and its files are there.
    case ended
    /// Its set-up is under way, or was interrupted.
    case halfMade = "half-made"
  }

  public struct Machine: Sendable, Encodable {
    public let name: String
    public let state: MachineStatus
    public let pid: Int?
    /// In MiB.
    public let memory: Int
    public let cpus: Int
    public let accel: String
    public let address: String?
    /// The VNC display on 127.0.0.1.
    public let vnc: Int?
    public let release: String?
    public let console: String
  }

  public struct Thing: Sendable, Encodable {
    /// `tap`, `bridge`, `disk`, `temporary file` and so on.
    public let kind: String
    public let name: String
    /// The machine that it was made for.
    public let owner: String?
    /// `kept`; `half-made`: its set-up is under way, or was interrupted; `gone`: somebody else removed it.
    public let state: String
  }

  public let machines: [Machine]
  public let things: [Thing]

  /// One line of JSON, keys in order; those without a value are left out.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

extension LocalHost {
  /// Looks at what the journal and the folders of machines tell of, and asks each QEMU how it is. Changes nothing.
  public func survey() async throws(HostError) -> Survey {
    let entries = try journal.entries()
    let links = executables.find("ip") == nil ? nil : try await links()
    let boot = try Journal.bootID()
    var machines: [Survey.Machine] = []
    for machine in try self.machines() {
      let spec = machine.record.spec
      let folder = folder(ofMachine: spec.name)
      let entry = entries.last { $0.resource == .machine(name: spec.name, folder: folder.path) }
      machines.append(
        Survey.Machine(
          name: spec.name, state: await status(of: machine, folder, isKept: entry?.kept ?? true),
          pid: machine.processID, memory: spec.memory, cpus: spec.cpus, accel: spec.accelerator.rawValue,
          address: try address(of: machine.record), vnc: machine.record.display, release: machine.record.release,
          console: folder.consoleLog))
    }
    let masquerades = entries.contains { if case .masquerade(_, nil) = $0.resource { true } else { false } }
    let tables = masquerades && isRoot ? try? await run(.query("nft", "list", "tables")).outputText : nil
    let things = entries.compactMap { entry -> Survey.Thing? in
      if entry.isMachine { return nil }
      // A title is the kind, which may be two words, and the name.
      let title = entry.resource.title
      let name = entry.resource.name
      let isGone =
        switch entry.resource {
        case .tap(_, _, let space?), .bridge(_, _, let space?): entry.boot != boot || self.isGone(space)
        case .tap(let name, let index, nil), .bridge(let name, let index, nil):
          entry.boot != boot
            || links.map { !$0.contains { $0.name == name && (index == nil || $0.index == index) } } ?? false
        case .nameService(_, let folder, _): nameService(in: BridgeFolder(path: folder)) == nil
        case .masquerade(let bridge, nil):
          entry.boot != boot
            || tables.map { !$0.split(separator: "\n").contains("table ip \(Self.table(of: bridge))") } ?? false
        case .forwarding(nil): entry.boot != boot || !forwards
        case .masquerade, .forwarding, .tapSettings: entry.boot != boot
        case .namespace where isAnother(entry): true
        case .namespace(let space), .movedLink(_, let space, _, _, _): self.isGone(space)
        default: name.hasPrefix("/") && !Files.exists(name)
        }
      return Survey.Thing(
        kind: String(title.dropLast(name.count + 1)), name: name, owner: entry.owner.isEmpty ? nil : entry.owner,
        state: entry.isElsewhere ? "elsewhere" : isGone ? "gone" : entry.kept ? "kept" : "half-made")
    }
    return Survey(machines: machines, things: things)
  }

  private func status(
    of machine: MachineState, _ folder: MachineFolder, isKept: Bool
  ) async -> Survey.MachineStatus {
    guard machine.processID != nil else { return .ended }
    guard isKept else { return .halfMade }
    switch await runState(folder) {
    case nil: return .silent
    case "running": return .running
    case "io-error": return .diskError
    default: return .paused
    }
  }

  /// What QEMU says of itself: `running`, `paused`, `io-error` and so on (RunState in QEMU's QMP reference); nil when it does
  /// not answer at once.
  func runState(_ folder: MachineFolder) async -> String? {
    let limit = Duration.seconds(1)
    guard let qmp = try? await QMP.connect(folder.qmp, timeLimit: limit) else { return nil }
    defer { qmp.close() }
    return try? await withTimeLimit(limit, "no answer") { () async throws(HostError) in
      try await qmp.execute("query-status")["status"]?.string
    }
  }
}

extension Resource {
  /// Its name or path, which its title ends with.
  var name: String {
    switch self {
    case .tap(let name, _, _), .bridge(let name, _, _), .nameService(let name, _, _), .masquerade(let name, _),
      .link(let name, _), .machine(let name, _), .namespace(let name), .movedLink(let name, _, _, _, _),
      .tapSettings(let name, _, _, _, _, _):
      name
    case .forwarding: "net.ipv4.ip_forward"
    case .disk(let path), .temporary(let path), .temporaryFolder(let path): path
    }
  }
}
