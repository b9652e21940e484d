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
    let folder = MachineFolder(path: path)
    if runs, let process = qemu(in: path),
      !plans("kill \(process.id)  # QEMU of \(name), after the guest was asked to power off")
    {
      if gracefully, try await askToPowerOff(folder, step) == false {
        note("the guest of \(name) does not power off; ending it without")
      }
      if qemu(in: path) != nil, let qmp = try? await QMP.connect(folder.qmp, timeLimit: .seconds(2)) {
        _ = try? await withTimeLimit(.seconds(2), "quit") { () async throws(HostError) in try await qmp.execute("quit")
        }
        qmp.close()
        _ = try await ended(path, within: .seconds(3))
      }
      if Task.isCancelled { throw .cancelled }
      if qemu(in: path) != nil {
        _ = Processes.signal(SIGKILL, process)
        _ = try await ended(path, within: .seconds(5))
      }
      if let left = qemu(in: path) {
        throw HostError(
          .system, "QEMU of the machine \(name) (process \(left.id)) does not end", hint: "kill -9 \(left.id)")
      }
    }
    if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
  }

  /// By our agent when it answers, and by the ACPI power button for any other guest. A guest with much to write, under
  /// emulation, takes its time.
  /// - Returns: whether it powered off.
  private func askToPowerOff(_ folder: MachineFolder, _ step: Step?) async throws(HostError) -> Bool {
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
      _ = try? await withTimeLimit(.seconds(2), "power down") { () async throws(HostError) in
        try await qmp.execute("system_powerdown")
      }
    }
    step?.progress("waiting for the guest to power off")
    return try await ended(folder.path, within: .seconds(60))
  }

  /// Waits for QEMU's end.
  private func ended(_ folder: String, within limit: Duration) async throws(HostError) -> Bool {
    let end = ContinuousClock.now + limit
    while qemu(in: folder) != nil {
      if ContinuousClock.now >= end { return false }
      try await pause(.milliseconds(10))
    }
    return true
  }
}
