import Glibc

extension LocalHost {
  /// Ends a machine and removes its folder: asks the guest to power off, then QEMU to quit, then kills it.
  /// - Parameters:
  ///   - runs: false when the host was started anew since: nothing can run.
  ///   - gracefully: let the guest write its disks first.
  func stopMachine(name: String, folder path: String, runs: Bool, gracefully: Bool = true) async throws(HostError) {
    let folder = MachineFolder(path: path)
    if runs, let process = qemu(in: path),
      !plans("kill \(process.id)  # QEMU of \(name), after the guest was asked to power off")
    {
      if gracefully { await askToPowerOff(folder, process) }
      if qemu(in: path) != nil {
        if let qmp = try? await QMP.connect(folder.qmp, timeLimit: .seconds(2)) {
          _ = try? await withTimeLimit(.seconds(2), "quit") { () async throws(HostError) in
            try await qmp.execute("quit")
          }
          qmp.close()
          await ended(path, within: .seconds(3))
        }
      }
      if qemu(in: path) != nil {
        _ = Processes.signal(SIGKILL, process)
        await ended(path, within: .seconds(5))
      }
      if let left = qemu(in: path) {
        throw HostError(
          .system, "QEMU of the machine \(name) (process \(left.id)) does not end", hint: "kill -9 \(left.id)")
      }
    }
    if plans("rm -r \(ShellText.quote(path))") { return }
    try Files.removeTree(path)
  }

  /// By our agent when it answers, and by the ACPI power button for any other guest.
  private func askToPowerOff(_ folder: MachineFolder, _ process: Processes.Process) async {
    let channel = try? await withTimeLimit(.seconds(1), "hello") { () async throws(HostError) in
      try await GuestChannel.open([folder.agent, folder.serialAgent])
    }
    if let channel {
      channel.powerOff()
      await ended(folder.path, within: .seconds(5))
      channel.close()
    } else if let qmp = try? await QMP.connect(folder.qmp, timeLimit: .seconds(2)) {
      _ = try? await qmp.execute("system_powerdown")
      await ended(folder.path, within: .seconds(10))
      qmp.close()
    }
  }

  private func ended(_ folder: String, within limit: Duration) async {
    let end = ContinuousClock.now + limit
    while qemu(in: folder) != nil, ContinuousClock.now < end { try? await pause(.milliseconds(10)) }
  }
}
