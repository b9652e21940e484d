import Glibc

extension Machine {
  /// The machine's QEMU; nil when it has ended.
  var process: ProcessHandle? { host.qemu(in: folder.path).flatMap(ProcessHandle.init) }

  /// What gdb's `target remote` takes; nil when the machine has no stub.
  public var gdbTarget: String? {
    switch record.spec.devices.gdb {
    case .socket: folder.gdb
    case .port(let port): "127.0.0.1:\(port)"
    case nil: nil
    }
  }

  /// Executes a QMP command on a connection of its own, so that it works whatever became of an earlier one, and other
  /// programs get their turn: a QEMU's socket serves one at a time.
  /// - Parameters:
  ///   - command: its name in QEMU's QMP reference, such as `query-status`.
  ///   - arguments: its arguments by name.
  /// - Returns: what QEMU returns; `.null` in a dry run.
  /// - Throws: `command` with QEMU's words when it refuses; `guest` when the machine has ended; `timeout` when QEMU does
  ///   not answer.
  @discardableResult
  public func qmp(_ command: String, _ arguments: [String: JSONValue] = [:]) async throws(HostError) -> JSONValue {
    let said = arguments.isEmpty ? command : "\(command) \(JSONValue.object(arguments).text)"
    if host.plans("\(said)  # QMP, to \(name)") { return .null }
    return try await connected { qmp async throws(HostError) in try await qmp.execute(command, arguments) }
  }

  /// Does something on one connection to QEMU.
  /// - Parameter handsFiles: as in `QMP.connect`.
  func connected<R: Sendable>(
    handsFiles: Bool = false, _ body: @Sendable (QMP) async throws(HostError) -> R
  ) async throws(HostError) -> R {
    guard host.qemu(in: folder.path) != nil else {
      throw HostError(
        .guest, "the machine \(name) has ended", hint: "kdevlua down \(name) forgets it; launch it again then")
    }
    let qmp = try await QMP.connect(folder.qmp, handsFiles: handsFiles)
    defer { qmp.close() }
    return try await body(qmp)
  }

  /// Runs a line of QEMU's human monitor.
  /// - Returns: what it prints.
  /// - Throws: as `qmp`. A line that the monitor does not understand is no error: it says so in its output.
  public func hmp(_ line: String) async throws(HostError) -> String {
    let output = try await qmp("human-monitor-command", ["command-line": .string(line)]).string ?? ""
    return output.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
  }

  /// QEMU's word for what the machine does (QMP's `RunState`: `running`, `paused`, `guest-panicked`, ...), or `ended`.
  public func status() async throws(HostError) -> String {
    if host.isDryRun { return "running" }
    do throws(HostError) {
      return try await connected { qmp async throws(HostError) in try await qmp.execute("query-status") }["status"]?
        .string ?? "unknown"
    } catch {
      // It may end while it is asked.
      if host.qemu(in: folder.path) == nil { return "ended" }
      throw error
    }
  }

  /// Stops the guest's processors; `resumeProcessors` lets them go on.
  public func pauseProcessors() async throws(HostError) { try await qmp("stop") }

  public func resumeProcessors() async throws(HostError) { try await qmp("cont") }

  /// Resets the machine as its button would: the guest starts anew, without writing its disks. Returns when it has begun to.
  public func reset() async throws(HostError) {
    if host.plans("system_reset  # QMP, to \(name)") { return }
    let reboots = record.spec.reboots
    let events = try events(["RESET"])
    try await connected { qmp async throws(HostError) in
      // With -no-reboot QEMU would end instead.
      if !reboots { try await qmp.execute("set-action", ["reboot": .string("reset")]) }
      try await qmp.execute("system_reset")
    }
    _ = try await events.next(within: .seconds(5))
    if reboots { return }
    // SeaBIOS finds itself in memory that a reset does not clear, and resets the machine once more, and again.
    while (try? await events.next(within: .seconds(1))) != nil {}
    try await qmp("set-action", ["reboot": .string("shutdown")])
  }

  /// Ends the machine: asks the guest to power off, by its agent or the ACPI power button, and QEMU to quit when it has not
  /// by the limit. The machine stays known, with its console and how it ended.
  /// - Throws: `system` when QEMU does not end.
  public func powerDown(within limit: Duration) async throws(HostError) -> MachineEnd {
    disconnect()
    return try await host.step("power down \(name)") { step async throws(HostError) in
      try await host.endMachine(name: name, folder: folder.path, patience: limit, step)
      let end = try await waitForEnd(within: .seconds(5))
      step.detail(end.cause.rawValue)
      return end
    }
  }

  /// Saves what the guest shows on its screen, as PNG.
  /// - Parameter path: where; a file that is there is replaced when the picture is whole.
  public func screenshot(_ path: String) async throws(HostError) {
    let path = Files.absolute(path)
    guard Files.isFolder(Files.folder(of: path)) else {
      throw HostError(.missing, "there is no folder \(Files.folder(of: path))")
    }
    if host.plans("screendump \(ShellText.quote(path))  # QMP, to \(name)") { return }
    let taken = folder.path + "/screen.png"
    try await connected(handsFiles: true) { qmp async throws(HostError) in
      let file = try await qmp.give(taken, O_WRONLY | O_CREAT | O_TRUNC)
      try await qmp.execute("screendump", ["filename": .string(file), "format": .string("png")])
    }
    try Files.write(try Files.read(taken), to: path)
    try Files.remove(taken)
  }
}
