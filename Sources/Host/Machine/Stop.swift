import Glibc

extension LocalHost {
  /// Ends a machine and removes its folder: asks the guest to power off, then QEMU to quit, then kills it.
  /// - Parameters:
  ///   - runs: false when the host was started anew since: nothing can run.
  ///   - gracefully: let the guest write its disks first.
  ///   - step: shows what is waited for.
  /// - Throws: `cancelled`, and then the machine runs on; `system` when QEMU does not end.
  func stopMachine(
    name: String, folder path: String, runs: Bool, gracefully: Bool = true, _ step: Step? = nil
  ) async throws(HostError) {
    if runs { try await endMachine(name: name, folder: path, patience: gracefully ? .seconds(60) : nil, step) }
    if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
    if !isDryRun { try forgetAddress(of: name) }
  }

  /// Ends a machine's QEMU; no error when there is none.
  /// - Parameter patience: how long the guest may take to power off; nil does not ask it.
  func endMachine(
    name: String, folder path: String, patience: Duration?, _ step: Step? = nil
  ) async throws(HostError) {
    let folder = MachineFolder(path: path)
    guard let process = qemu(in: path).flatMap(ProcessHandle.init),
      !plans("kill \(process.id)  # QEMU of \(name), after the guest was asked to power off")
    else { return }
    if let patience, try await askToPowerOff(folder, process, patience, step) == false {
      note("the guest of \(name) does not power off; ending it without")
    }
    if !process.hasEnded, let qmp = try? await QMP.connect(folder.qmp, timeLimit: .seconds(2)) {
      _ = try? await withTimeLimit(.seconds(2), "quit") { () async throws(HostError) in try await qmp.execute("quit") }
      qmp.close()
      _ = try await process.end(within: .seconds(3))
    }
    if Task.isCancelled { throw .cancelled }
    if !process.hasEnded {
      process.signal(SIGKILL)
      _ = try await process.end(within: .seconds(5))
    }
    guard process.hasEnded else {
      throw HostError(
        .system, "QEMU of the machine \(name) (process \(process.id)) does not end", hint: "kill -9 \(process.id)")
    }
  }

  /// By our agent when it answers, and by the ACPI power button for any other guest. A guest with much to write, under
  /// emulation, takes its time.
  /// - Returns: whether it powered off.
  private func askToPowerOff(
    _ folder: MachineFolder, _ process: ProcessHandle, _ patience: Duration, _ step: Step?
  ) async throws(HostError) -> Bool {
    let channel = try? await withTimeLimit(.seconds(1), "hello") { () async throws(HostError) in
      try await GuestChannel.open([folder.agent, folder.serialAgent])
    }
    defer { channel?.close() }
    if let channel {
      channel.powerOff()
    } else {
      if Task.isCancelled { throw .cancelled }
      guard let qmp = try? await QMP.connect(folder.qmp, timeLimit: .seconds(2)) else { return false }
      defer { qmp.close() }
      let isAsked = try? await withTimeLimit(.seconds(2), "power down") { () async throws(HostError) in
        // One that does not run cannot act on it.
        guard try await qmp.execute("query-status")["running"]?.bool == true else { return false }
        try await qmp.execute("system_powerdown")
        return true
      }
      guard isAsked == true else { return false }
    }
    step?.progress("waiting for the guest to power off")
    return try await process.end(within: patience)
  }
}
