import Glibc
import Synchronization

/// A running machine: its description, and the ways to talk to it.
public final class Machine: Sendable {
  public let host: LocalHost
  public let record: MachineRecord
  public let folder: MachineFolder
  /// Nil in a dry run, where there is no guest, and when the launch waited for no agent.
  let channel: (any GuestControl)?
  let lanes: GuestLanes
  /// Held as long as the channel: a guest talks to one of us at a time.
  private let channelLock: Mutex<FileLock?>
  /// What the guest's kernel reports on its console.
  let reports: ConsoleReports
  private let policy = Mutex(ReportPolicy.error)

  init(host: LocalHost, record: MachineRecord, folder: MachineFolder, channel: (any GuestControl)?, lock: FileLock?) {
    self.host = host
    self.record = record
    self.folder = folder
    self.channel = channel
    lanes = GuestLanes(folder)
    channelLock = Mutex(lock)
    reports = ConsoleReports(log: folder.consoleLog)
  }

  /// What becomes of a report of the guest's kernel while a script waits for the guest.
  public var reportPolicy: ReportPolicy {
    get { policy.withLock { $0 } }
    set { policy.withLock { $0 = newValue } }
  }

  deinit { channel?.close() }

  /// Ends the talk with the guest; the machine runs on.
  public func disconnect() {
    channel?.close()
    channelLock.withLock { $0 = nil }
  }

  /// Whether nobody else can talk to the guest.
  var isConnected: Bool { channelLock.withLock { $0 != nil } }

  public var name: String { record.spec.name }
}

extension LocalHost {
  /// Starts a machine, detached from the terminal (`-daemonize`, as in the document), and waits until the guest answers;
  /// takes over one of that name that runs as wanted.
  /// - Parameters:
  ///   - timeLimit: for the guest to answer.
  ///   - vncPassword: what the display asks for, when the spec has it ask.
  ///   - below: what the disks are overlays over, which are made in the machine's folder first; none: the disks are there.
  /// - Throws: `conflict` when a machine of that name runs with other options, `busy` when a disk, tap or display is in
  ///   use, `command` with QEMU's own words when it refuses to start, `guest` with the console's last lines when the
  ///   kernel panics or QEMU ends, `timeout` with them when the guest never answers. After an error nothing runs, unless
  ///   the set-up keeps what it made.
  public func launch(
    _ spec: MachineSpec, timeLimit: Duration, vncPassword: Secret? = nil, over below: [Drive] = [],
    in transaction: Transaction
  ) async throws(HostError) -> Machine {
    try Self.validate(machineName: spec.name)
    let folder = folder(ofMachine: spec.name)
    for path in [folder.qmp, folder.serialAgent, folder.console] where path.utf8.count > longestSocketPath {
      throw HostError(
        .invalid, "\(path) is too long for a Unix socket (\(longestSocketPath) bytes at most)",
        hint: "set KDEVLUA_STATE to a shorter path")
    }
    // A set-up of that name holds its lock already; anyone else must not start the same machine at the same time.
    let lock = isDryRun || transaction.owner == spec.name ? nil : try await lock(spec.name)
    defer {
      withExtendedLifetime(lock) {}
      releaseReservations(of: spec)
    }
    if let running = try machine(spec.name), running.processID != nil {
      return try await step("machine \(spec.name)") { step async throws(HostError) in
        let machine = try await adopt(running, as: spec, folder, timeLimit)
        try await tell(vncPassword, to: folder)
        step.adopted("process \(running.processID ?? 0)")
        return machine
      }
    }
    if !isDryRun, below.isEmpty {
      // With all that is below: QEMU's own words for a backing file that was moved do not say whose it is.
      for drive in spec.drives {
        _ = try await chain(of: drive.path, format: Disk.Format(rawValue: drive.format), inUse: false)
      }
    }
    try checkLinks(of: spec)
    try await checkModels(spec.cards)
    try await checkExtra(spec.extra)
    try checkShares(spec.shares)
    let machine = try await step("machine \(spec.name)") { step async throws(HostError) in
      try await start(spec, folder, timeLimit, vncPassword, over: below, step, in: transaction)
    }
    await refreshSSHConfig(with: machine)
    return machine
  }

  private func adopt(
    _ running: MachineState, as spec: MachineSpec, _ folder: MachineFolder, _ timeLimit: Duration
  ) async throws(HostError) -> Machine {
    let record = running.record
    let differences = record.differences(to: spec)
    guard differences.isEmpty else {
      throw HostError(
        .conflict,
        "the machine \(spec.name) is running already, with other options: \(differences.joined(separator: "; "))",
        hint: "kdevlua down \(spec.name), or choose another name")
    }
    if !isDryRun { try await checkNetworks(of: spec) }
    if isDryRun || spec.wait == .none {
      return Machine(host: self, record: record, folder: folder, channel: nil, lock: nil)
    }
    return try await attach(running, folder, timeLimit)
  }

  /// - Throws: `conflict` when a running machine's tap was removed: one of that name that is there now is not in its hands; or when
  ///   its passt has ended.
  private func checkNetworks(of spec: MachineSpec) async throws(HostError) {
    for case .tap(let tap, _, _, let namespace) in spec.cards.map(\.network) {
      guard let link = try await link(tap, in: namespace), link.kind == .tap, link.hasCarrier else {
        throw HostError(
          .conflict, "the machine \(spec.name) is running already, and its tap \(tap) was removed meanwhile",
          hint: "kdevlua down \(spec.name), then run it again")
      }
    }
    if hasLostPasst(spec) {
      throw HostError(
        .conflict, "the machine \(spec.name) is running already, and its passt has ended meanwhile",
        hint: "kdevlua down \(spec.name), then run it again")
    }
  }

  /// - Throws: `busy` when a machine is at an end of a link already: QEMU takes the socket from whoever has it.
  private func checkLinks(of spec: MachineSpec) throws(HostError) {
    let ends = spec.cards.compactMap(\.linkEnd)
    if ends.isEmpty { return }
    guard Set(ends.map(\.own)).count == ends.count else {
      throw HostError(
        .invalid, "two cards of the machine \(spec.name) are at one end of a link", hint: "give each an end of its own")
    }
    for machine in try machines() where machine.processID != nil && machine.record.spec.name != spec.name {
      let taken = machine.record.cards.compactMap(\.linkEnd).first { end in ends.contains { $0.own == end.own } }
      guard let taken else { continue }
      let name = machine.record.spec.name
      throw HostError(
        .busy, "the machine \(name) is at this end of the link already: \(taken.own)",
        hint: "take the link's other end, or stop that machine first: kdevlua down \(name)")
    }
  }

  /// Opens the guest channel of a running machine; one that this program has open is taken as it is.
  private func attach(_ running: MachineState, _ folder: MachineFolder, _ timeLimit: Duration) async throws(HostError)
    -> Machine
  {
    let record = running.record
    if let still = try await standstill(folder) { throw record.error(of: still) }
    let end = ContinuousClock.now + timeLimit
    var taken: FileLock?
    while taken == nil {
      // Also when another task of this program was faster.
      if let open = openMachines.find(folder, process: running.processID) { return open }
      taken = try await channelLock(folder, until: end, record.spec.name)
    }
    let lock = taken
    let channel: any GuestControl
    do throws(HostError) {
      channel = try await withTimeLimit(timeLimit, "the guest did not answer") { () async throws(HostError) in
        try await folder.control(record.spec.agent)
      }
    } catch {
      throw error.withConsole(of: folder)
    }
    let machine = Machine(host: self, record: record, folder: folder, channel: channel, lock: lock)
    openMachines.add(machine, process: running.processID)
    machine.reports.markSeen()
    return machine
  }

  /// - Returns: nil when the lock is held; then a moment has passed.
  private func channelLock(
    _ folder: MachineFolder, until end: ContinuousClock.Instant, _ name: String
  ) async throws(HostError) -> FileLock? {
    if let lock = try FileLock.attempt(folder.path + "/agent.lock") { return lock }
    guard ContinuousClock.now < end else {
      throw HostError(
        .busy, "another kdevlua talks to the guest of \(name), and goes on doing so",
        hint:
          "a guest talks to one program at a time: end the other, such as a shell or a long exec, or use kdevlua ssh")
    }
    try await pause(.milliseconds(10))
    return nil
  }

  /// A running machine by name; without a channel to its guest when it stands still.
  /// - Throws: `invalid` when none of that name runs.
  public func runningMachine(_ name: String, timeLimit: Duration = .seconds(10)) async throws(HostError) -> Machine {
    let known = try machine(name)
    if let known, known.processID == nil {
      let folder = folder(ofMachine: known.record.spec.name)
      throw HostError(
        .invalid, "the machine \(name) has ended",
        hint: "run its set-up again to start it; kdevlua gc removes its files",
        detail: (try? Files.read(folder.consoleLog)).map { ConsoleText($0).lastLines(5) })
    }
    guard let state = known, state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    let folder = folder(ofMachine: name)
    // Who launched it to go on by itself may come back for its agent; without one of QEMU's there is none.
    if state.record.spec.wait == .none, state.record.spec.agent == .kdevlua {
      return Machine(host: self, record: state.record, folder: folder, channel: nil, lock: nil)
    }
    if try await standstill(folder) != nil {
      return Machine(host: self, record: state.record, folder: folder, channel: nil, lock: nil)
    }
    return try await attach(state, folder, timeLimit)
  }

  private func start(
    _ spec: MachineSpec, _ folder: MachineFolder, _ timeLimit: Duration, _ vncPassword: Secret?, over below: [Drive],
    _ step: Step, in transaction: Transaction
  ) async throws(HostError) -> Machine {
    var image = spec.kernel
    if spec.profile == .fast, let kernel = spec.kernel { image = try await uncompressedKernel(of: kernel) ?? kernel }
    let arguments = QEMUOption.arguments(spec, in: folder, kernel: image) + runAs
    let command = inside(spec.namespace, .change(arguments))
    var record = MachineRecord(spec: spec, kernelFile: spec.kernel.flatMap { FileIdentity($0) })
    record.arguments = arguments
    if isDryRun {
      observer.observe(.planned("mkdir -p \(ShellText.quote(folder.path))"))
      try prepareEvents(folder)
      try await startServants(of: spec, in: folder)
      try await require(command, to: "start QEMU")
      return Machine(host: self, record: record, folder: folder, channel: nil, lock: nil)
    }
    // One of that name that has ended by itself is in the journal still.
    for old in try journal.entries() where old.resource == .machine(name: spec.name, folder: folder.path) {
      try journal.strike(old)
    }
    let entry = try transaction.record(.machine(name: spec.name, folder: folder.path))
    do throws(HostError) {
      try state.make(folder.path)
      for socket in [
        folder.qmp, folder.agent, folder.serialAgent, folder.qemuAgent, folder.console, folder.consoleLog,
        folder.consoleStamps,
      ]
        + folder.lanes
      {
        try Files.remove(socket)
      }
      for (disk, below) in zip(spec.drives, below) { try await overlay(disk.path, over: below) }
      try prepareEvents(folder)
      try write(record)
      try noteAddress(of: spec)
      // An earlier machine of that name that has ended may be in somebody's hands still.
      _ = openMachines.find(folder, process: nil)
      let end = ContinuousClock.now + timeLimit
      var lock: FileLock?
      while lock == nil { lock = try await channelLock(folder, until: end, spec.name) }
      try await startServants(of: spec, in: folder)
      step.progress("starting QEMU")
      let result = try await run(command, timeLimit: .seconds(30))
      guard result.succeeded else { throw refusal(of: command, result, spec) }
      async let stamps: Void = startStamps(of: spec)
      record.display = try await begin(spec, folder, vncPassword)
      try write(record)
      if spec.wait == .none {
        await stamps
        step.detail("runs")
        return Machine(host: self, record: record, folder: folder, channel: nil, lock: nil)
      }
      step.progress("waiting for the guest")
      let channel = try await boot(spec.agent, folder, timeLimit)
      await stamps
      record.release = channel.release
      try write(record)
      step.detail("Linux \(channel.release)")
      let machine = Machine(host: self, record: record, folder: folder, channel: channel, lock: lock)
      if spec.memoryFile?.state != nil { try await machine.thaw(as: spec) }
      openMachines.add(machine, process: try self.machine(spec.name)?.processID)
      if hasLostPasst(spec) {
        warn("the passt of the machine \(spec.name) has ended, so its guest has no network; kdevlua down \(spec.name)")
      }
      machine.tellEarlierReports()
      return machine
    } catch {
      let error = error.code == .cancelled ? error : error.withConsole(of: folder)
      if !transaction.keepOnFailure || transaction.owner.isEmpty {
        do throws(HostError) {
          try await uncancelled { () async throws(HostError) in try await transaction.undo(entry) }
        } catch let trouble {
          // It stays in the journal, for `kdevlua down`.
          warn("could not undo machine \(spec.name): \(trouble.message)")
        }
      }
      throw error
    }
  }

  /// By sudo, QEMU gives root away for the user who called it, once it has opened what it was given (`-runas`,
  /// qemu-system-x86_64(1)).
  var runAs: [String] {
    guard isRoot, let user = options.environment["SUDO_UID"].flatMap({ UInt32($0) }), user != 0,
      let group = options.environment["SUDO_GID"].flatMap({ UInt32($0) })
    else { return [] }
    return ["-runas", "\(user):\(group)"]
  }

  /// Tells a QEMU that has started what it has to know, and lets others have their turn at it while the guest boots.
  /// - Returns: the number of its display.
  private func begin(
    _ spec: MachineSpec, _ folder: MachineFolder, _ vncPassword: Secret?
  ) async throws(HostError) -> Int? {
    let qmp = try await QMP.connect(folder.qmp, loading: spec.memoryFile?.state)
    defer { qmp.close() }
    if let vncPassword { try await vncPassword.tell(qmp) }
    let vnc = try await withTimeLimit(.seconds(10), "QEMU did not answer") { () async throws(HostError) in
      try await qmp.execute("query-vnc")
    }
    return vnc["service"]?.string.flatMap { Int($0) }.map { $0 - 5900 }
  }

  /// Waits for the guest's hello, or for QEMU's end, whichever comes first.
  private func boot(
    _ agent: MachineSpec.Agent, _ folder: MachineFolder, _ timeLimit: Duration
  ) async throws(HostError) -> any GuestControl {
    try await withTimeLimit(timeLimit, "the guest did not answer") { () async throws(HostError) in
      do throws(HostError) {
        return try await folder.control(agent)
      } catch {
        // Both channels closed: QEMU is ending. Wait for it, so that its console log is complete.
        if error.code == .guest { _ = try await qemu(in: folder.path).flatMap(ProcessHandle.init)?.end(within: nil) }
        throw error
      }
    }
  }

  /// QEMU's block layer on an image that another process has open: `Failed to get "write" lock`.
  func isLockComplaint(_ text: String) -> Bool { text.contains("Failed to get ") && text.contains("\" lock") }

  /// QEMU's refusal in our words where it is a usual one.
  private func refusal(of command: Command, _ result: CommandResult, _ spec: MachineSpec) -> HostError {
    let text = result.errorText
    var error = failure(of: command, result, to: "start the machine \(spec.name)")
    if isLockComplaint(text) {
      error.code = .busy
      error.message = "a disk of the machine \(spec.name) is in use by another program"
      error.hint = "stop what runs on it (kdevlua ps), or choose another disk"
    } else if text.contains("could not configure /dev/net/tun") {
      error.code = .busy
      error.message = "the tap device of the machine \(spec.name) is in use, or may not be opened"
      error.hint = "stop what runs on it, or choose another tap"
    } else if let place = text.firstRange(of: "Could not set up host forwarding rule '") {
      error.code = .busy
      error.message =
        "a port that is to lead to the machine \(spec.name) is taken: \(text[place.upperBound...].prefix { $0 != "'" })"
      error.hint = "choose another one, or a name instead of a number to get a free one"
    } else if let line = text.split(separator: "\n").first(where: { $0.contains("Address already in use") }) {
      error.code = .busy
      // QEMU begins with the option that it is about.
      if line.contains(": -vnc ") {
        error.message = "the VNC display \(spec.display.text) of the machine \(spec.name) is taken"
        error.hint = "choose another one, or leave it out to get a free one"
      } else if line.contains(": -gdb "), case .port(let port) = spec.devices.gdb {
        error.message = "the port \(port) for gdb of the machine \(spec.name) is taken"
        error.hint = "choose another one, or gdb = true for a socket in the machine's folder"
      } else if line.contains(": -device vhost-vsock"), let id = spec.devices.vsock {
        error.message = "the vsock address \(id) of the machine \(spec.name) is taken"
        error.hint = "choose another one"
      }
    }
    error.command = nil
    error.detail = text.split(separator: "\n").suffix(6).joined(separator: "\n")
    return error
  }
}
