import Glibc

/// Programs that serve one machine's QEMU, each behind a socket in the machine's folder, and end when QEMU does: a passt(1) for a
/// card, a virtiofsd for a share.
extension LocalHost {
  /// Starts those of a machine, before QEMU connects to them.
  func startServants(of spec: MachineSpec, in folder: MachineFolder) async throws(HostError) {
    try await startPassts(of: spec, in: folder)
    try await startVirtiofs(of: spec, in: folder)
  }

  /// Ends what is left of those of a machine whose QEMU has ended, or has not come up.
  /// - Parameter folder: the machine's.
  func endServants(in folder: String) async throws(HostError) {
    try await endServants { $0.hasPrefix(folder + "/") }
  }

  /// Ends the one behind this socket.
  func endServant(at socket: String) async throws(HostError) { try await endServants { $0 == socket } }

  /// Whether a card of a running machine has lost its passt, and its guest that network.
  func hasLostPasst(_ spec: MachineSpec) -> Bool {
    let folder = folder(ofMachine: spec.name)
    let sockets = spec.cards.enumerated().compactMap { index, card in
      if case .passt = card.network { folder.passt("net\(index)") } else { nil }
    }
    if sockets.isEmpty { return false }
    let there = Set(Processes.all().compactMap { Self.socket(of: $0.arguments) })
    return !there.isSuperset(of: sockets)
  }

  /// One is known by its own command line.
  /// - Parameter isOurs: whether it is one of those, by its socket.
  private func endServants(_ isOurs: (String) -> Bool) async throws(HostError) {
    for process in Processes.all() {
      guard let socket = Self.socket(of: process.arguments), isOurs(socket), let handle = ProcessHandle(process) else {
        continue
      }
      if try await handle.end(within: .milliseconds(500)) { continue }
      for signal in [SIGTERM, SIGKILL] where !handle.hasEnded {
        handle.signal(signal)
        _ = try await handle.end(within: .seconds(2))
      }
    }
  }

  private static func socket(of arguments: [String]) -> String? {
    guard let program = arguments.first.map(Files.name) else { return nil }
    if program.hasPrefix("passt"), let option = arguments.firstIndex(of: "--socket"), option + 1 < arguments.count {
      return arguments[option + 1]
    }
    let option = "--socket-path="
    if program == "virtiofsd", let found = arguments.first(where: { $0.hasPrefix(option) }) {
      return String(found.dropFirst(option.count))
    }
    return nil
  }
}
