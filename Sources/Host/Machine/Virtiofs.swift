extension MachineFolder {
  /// The socket between QEMU and the virtiofsd of a share, by the share's place in the list.
  func virtiofs(_ index: Int) -> String { path + "/virtiofs\(index)" }
  /// What the virtiofsd of a share says.
  func virtiofsLog(_ index: Int) -> String { path + "/virtiofs\(index).log" }
}

extension LocalHost {
  /// - Throws: `missing` when there is no virtiofsd.
  private func virtiofsd() throws(HostError) -> String {
    if let path = executables.find("virtiofsd", or: Program.virtiofsPlaces) { return path }
    throw HostError(
      .missing, "virtiofsd is not installed", hint: "sudo apt-get install virtiofsd, or leave driver out to share by 9p"
    )
  }

  /// - Throws: `missing` when a share needs a virtiofsd, and there is none; `invalid` when it asks for what that cannot do.
  func checkShares(_ shares: [Share]) throws(HostError) {
    for share in shares where share.driver == .virtiofs {
      guard share.security == .none, !share.readOnly else {
        throw HostError(
          .invalid, "the share \(share.tag) by virtiofs has no security and no read_only",
          hint: "mount it with -o ro in the guest, or share it by 9p")
      }
      guard !share.path.contains(",") else {
        throw HostError(
          .invalid, "virtiofsd takes no path with a comma, and the share \(share.tag) is \(share.path)",
          hint: "share it by 9p")
      }
      if !isDryRun { _ = try virtiofsd() }
    }
  }

  /// Starts a virtiofsd for each share of a machine that wants one. It ends by itself when QEMU does.
  /// - Throws: `command` with what it said when it does not come up.
  func startVirtiofs(of spec: MachineSpec, in folder: MachineFolder) async throws(HostError) {
    for (index, share) in spec.shares.enumerated() where share.driver == .virtiofs {
      let socket = folder.virtiofs(index)
      let program = isDryRun ? "virtiofsd" : try virtiofsd()
      // It has no way of its own into the background that all versions know. An older one has no --shared-dir.
      var command = Command.detached([program, "--socket-path=\(socket)", "-o", "source=\(share.path)"])
      command.output = .file(folder.virtiofsLog(index), append: false)
      command.error = .standardOutput
      if !isDryRun {
        try await endServant(at: socket)
        try Files.remove(socket)
      }
      try await require(command, to: "share \(share.path) by virtiofs")
      if isDryRun { continue }
      do throws(HostError) {
        try await withTimeLimit(.seconds(5), "virtiofsd did not come up") { () async throws(HostError) in
          while !Files.exists(socket) { try await pause(.milliseconds(2)) }
        }
      } catch {
        guard error.code == .timeout else { throw error }
        throw HostError(
          .command, "virtiofsd does not share \(share.path)", command: command.arguments,
          detail: try? Files.text(folder.virtiofsLog(index)))
      }
    }
  }
}
