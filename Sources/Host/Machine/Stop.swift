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
    let patience: Duration? = gracefully && !isHurried ? .seconds(60) : nil
    if runs { try await endMachine(name: name, folder: path, patience: patience, step) }
    if !isDryRun { try await endServants(in: path) }
    if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
    if !isDryRun { try forgetAddress(of: name) }
    await refreshSSHConfig()
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

  /// By the guest's agent when it answers, and by the ACPI power button for any other guest. A guest with much to write, under
  /// emulation, takes its time; but one that does nothing at all after the button was pressed does not heed it.
  /// - Returns: whether it powered off.
  private func askToPowerOff(
    _ folder: MachineFolder, _ process: ProcessHandle, _ patience: Duration, _ step: Step?
  ) async throws(HostError) -> Bool {
    // Long enough to come a second time: see `GuestChannel.begin`.
    let channel = try? await withTimeLimit(.milliseconds(2500), "hello") { () async throws(HostError) in
      try await folder.control(Files.exists(folder.qemuAgent) ? .qemu : .kdevlua)
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
    guard channel == nil, patience > Self.reaction else { return try await ends(process, within: patience) }
    let before = processorTime(of: process.id)
    if try await ends(process, within: Self.reaction) { return true }
    guard let before, let after = processorTime(of: process.id), after - before < Self.reaction.seconds / 20 else {
      return try await ends(process, within: patience - Self.reaction)
    }
    return false
  }

  /// Waits for the end of QEMU.
  /// - Returns: whether it ended within the limit; false at once when there is no more time.
  private func ends(_ process: ProcessHandle, within limit: Duration) async throws(HostError) -> Bool {
    let end = ContinuousClock.now + limit
    while !isHurried, ContinuousClock.now < end {
      if try await process.end(within: min(.milliseconds(100), end - .now)) { return true }
    }
    return process.hasEnded
  }

  /// How long a guest may be idle after its power button was pressed.
  private static let reaction = Duration.seconds(10)

  /// The processors' time that a process has used, in seconds (utime and stime of /proc/PID/stat, proc(5)).
  private func processorTime(of process: pid_t) -> Double? {
    guard let text = try? Files.text("/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
    let fields = text[name...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
