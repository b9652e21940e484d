import Glibc

/// What gdb is started with to look at a guest's kernel.
public struct DebuggerLine: Sendable, Equatable {
  /// `gdb` and its arguments.
  public var arguments: [String]
}

extension Machine {
  /// The guest's kernel log, as dmesg(1) prints it.
  /// - Parameter clears: empty the log after it.
  public func kernelLog(clears: Bool = false) async throws(HostError) -> [UInt8] {
    try await require(clears ? ["dmesg", "-c"] : ["dmesg"], to: "read the kernel's log").output
  }

  /// Switches messages of `pr_debug` and its kin on or off.
  /// - Parameter query: in the words of the kernel's dynamic-debug-howto: `module ceph +p`.
  /// - Throws: `command` when the kernel does not take it, or was built without CONFIG_DYNAMIC_DEBUG.
  public func dynamicDebug(_ query: String) async throws(HostError) {
    try await writeInGuest(query, to: "/proc/dynamic_debug/control")
  }

  /// Runs a command with a tracer of ftrace on.
  /// - Parameters:
  ///   - tracer: as `available_tracers` names it.
  ///   - filter: functions to trace, with `*`; none are all.
  ///   - events: events to record besides, as in `set_event`: `ceph:*`.
  /// - Returns: what the command left, and the trace.
  /// - Throws: `command` when the kernel does not have what is asked for. Tracing is off afterwards, whatever happens.
  public func trace(
    _ arguments: [[UInt8]], tracer: String, filter: [String], events: [String], timeLimit: Duration?
  ) async throws(HostError) -> (result: GuestResult, trace: [UInt8]) {
    let folder = "/sys/kernel/tracing"
    if channel != nil, !(try await readInGuest("/proc/mounts").contains(" \(folder) tracefs ")) {
      try await require(["mount", "-t", "tracefs", "tracefs", folder], to: "mount tracefs")
    }
    func setUp() async throws(HostError) {
      try await writeInGuest("0", to: folder + "/tracing_on")
      try await writeInGuest("", to: folder + "/trace")
      try await writeInGuest("nop", to: folder + "/current_tracer")
      if tracer != "nop" {
        for (place, word) in filter.enumerated() {
          try await writeInGuest(word, to: folder + "/set_ftrace_filter", appending: place > 0)
        }
        try await writeInGuest(tracer, to: folder + "/current_tracer")
      }
      for event in events { try await writeInGuest(event, to: folder + "/set_event", appending: true) }
      try await writeInGuest("1", to: folder + "/tracing_on")
    }
    @Sendable func cleanUp() async throws(HostError) {
      try await writeInGuest("0", to: folder + "/tracing_on")
      try await writeInGuest("nop", to: folder + "/current_tracer")
      if !filter.isEmpty, tracer != "nop" { try await writeInGuest("", to: folder + "/set_ftrace_filter") }
      if !events.isEmpty { try await writeInGuest("", to: folder + "/set_event") }
    }
    do throws(HostError) {
      try await setUp()
      let result = try await execute(arguments, timeLimit: timeLimit)
      try await writeInGuest("0", to: folder + "/tracing_on")
      let trace = try await require(["cat", folder + "/trace"], to: "read the trace").output
      try await cleanUp()
      return (result, trace)
    } catch {
      try? await uncancelled { () async throws(HostError) in try await cleanUp() }
      throw error
    }
  }

  private func writeInGuest(_ text: String, to path: String, appending: Bool = false) async throws(HostError) {
    let script = "printf '%s\\n' \"$1\" \(appending ? ">>" : ">") \"$2\""
    try await require(["sh", "-c", script, "sh", text, path], to: "write '\(text)' to \(path)")
  }

  /// Runs gdb's commands on the guest's kernel, which stands still meanwhile.
  /// - Returns: what gdb printed.
  /// - Throws: as ``LocalHost/debugger(of:vmlinux:commands:)``; `command` when gdb fails; `timeout`.
  public func debug(
    vmlinux: String?, commands: [String], timeLimit: Duration
  ) async throws(HostError) -> CommandResult {
    let line = try await host.debugger(record, vmlinux: vmlinux, commands: commands)
    return try await host.require(.change(line.arguments), to: "debug the kernel of \(name)", timeLimit: timeLimit)
  }
}

extension LocalHost {
  /// gdb for the kernel of a running machine, by its name; the guest need not answer.
  /// - Throws: `invalid` when no machine of that name runs; `missing` when no vmlinux is known, or gdb is not installed.
  public func debugger(of name: String, vmlinux: String?, commands: [String]?) async throws(HostError) -> DebuggerLine {
    guard let state = try machine(name), state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    return try await debugger(state.record, vmlinux: vmlinux, commands: commands)
  }

  /// Makes gdb's command line for the machine's stub, which is opened when the machine has none. The guest stops when gdb
  /// connects, and goes on when gdb leaves.
  /// - Parameters:
  ///   - vmlinux: the kernel with symbols; nil is that of the build tree that the machine's kernel is in.
  ///   - commands: what gdb does before it ends; nil is a session at the terminal.
  /// - Throws: `missing` when no vmlinux is known, or gdb is not installed.
  fileprivate func debugger(
    _ record: MachineRecord, vmlinux: String?, commands: [String]?
  ) async throws(HostError) -> DebuggerLine {
    let name = record.spec.name
    let folder = folder(ofMachine: name)
    guard let image = vmlinux.map({ Files.absolute($0) }) ?? record.debugTree?.vmlinux else {
      throw HostError(
        .missing, "no vmlinux is known for the kernel of \(name)",
        hint: "name the one that it was built with: vmlinux = \"PATH\"")
    }
    guard Files.exists(image) else { throw HostError(.missing, "there is no \(image)") }
    let gdb = try executables.require("gdb")
    let stub = try await gdbStub(of: record, folder)
    // The kernel's scripts (lx-dmesg, lx-symbols ...) are vmlinux-gdb.py beside vmlinux, with CONFIG_GDB_SCRIPTS.
    var arguments = [gdb, "-q", "-iex", "add-auto-load-safe-path \(Files.folder(of: image))"]
    if commands != nil { arguments += ["-nx", "-batch"] }
    arguments += ["-ex", "set pagination off", "-ex", "target remote \(stub)"]
    for command in commands ?? [] { arguments += ["-ex", command] }
    if commands != nil { arguments += ["-ex", "detach"] }
    return DebuggerLine(arguments: arguments + [image])
  }

  /// What gdb's `target remote` takes: the stub that the machine was launched with, where it can be reached from here, else one that
  /// is opened now.
  private func gdbStub(of record: MachineRecord, _ folder: MachineFolder) async throws(HostError) -> String {
    if case .port(let port) = record.spec.devices.gdb, record.spec.namespace == nil { return "127.0.0.1:\(port)" }
    let socket = folder.gdb
    if record.spec.devices.gdb == .socket, Files.exists(socket) { return socket }
    if plans("gdbserver unix:\(socket)  # in QEMU's monitor") { return socket }
    let qmp = try await QMP.connect(folder.qmp)
    defer { qmp.close() }
    // QEMU 7.2 cannot open the same socket for it twice ("duplicate yank instance").
    try await qmp.execute("human-monitor-command", ["command-line": .string("gdbserver none")])
    try? Files.remove(socket)
    let answer = try await qmp.execute(
      "human-monitor-command", ["command-line": .string("gdbserver unix:\(socket),server=on,wait=off")])
    guard Files.exists(socket) else {
      throw HostError(.system, "QEMU did not open its stub for gdb", detail: answer.string)
    }
    return socket
  }
}
