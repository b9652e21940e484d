import Glibc

/// What gdb does with the kernel of a guest.
public struct DebuggerOptions: Sendable {
  /// The kernel with symbols; nil is that of the build tree that the machine's kernel is in.
  public var vmlinux: String?
  /// What gdb does before it ends; nil is a session at the terminal.
  public var commands: [String]?
  /// By the kernel's own kgdb on the second serial line, instead of QEMU's stub.
  public var kgdb: Bool

  public init(vmlinux: String? = nil, commands: [String]? = nil, kgdb: Bool = false) {
    self.vmlinux = vmlinux
    self.commands = commands
    self.kgdb = kgdb
  }
}

/// What gdb is started with.
public struct DebuggerLine: Sendable {
  /// `gdb` and its arguments.
  public var arguments: [String]
  /// The file of its standard input, to be removed when it is open; nil is a session at the terminal.
  public var input: String?
}

extension Machine {
  /// Runs gdb's commands on the guest's kernel, which stands still meanwhile.
  /// - Returns: what gdb printed.
  /// - Throws: as ``LocalHost/debugger(of:_:)``; `command` when gdb cannot connect, or one of its commands fails, after which it does no
  ///   other; `timeout`.
  public func debug(_ options: DebuggerOptions, timeLimit: Duration) async throws(HostError) -> CommandResult {
    let line = try await host.debugger(try host.machine(name)?.record ?? self.record, options)
    defer { if let input = line.input { try? Files.remove(input) } }
    if options.kgdb { try await enterKGDB() }
    do throws(HostError) {
      var command = Command.change(line.arguments)
      if let input = line.input { command.inputSource = .file(input) }
      return try await host.require(command, to: "debug the kernel of \(name)", timeLimit: timeLimit)
    } catch {
      if options.kgdb { folder.leaveKGDB() }
      throw error
    }
  }

  /// Has the guest's kernel stop in kgdb, in a moment, and wait on its second serial line for gdb.
  /// - Throws: `command` with the reason when it cannot.
  fileprivate func enterKGDB() async throws(HostError) {
    // Documentation/dev-tools/kgdb.rst. The kernel stops in the middle of what asks it to, so that is nobody who has to answer.
    let script = """
      parameter=/sys/module/kgdboc/parameters/kgdboc
      if ! grep -qs kdevlua.agent.0 /sys/class/virtio-ports/*/name; then
        echo "the guest has no virtio ports, so its agent is on that line" >&2
        exit 1
      fi
      [ -e $parameter ] || modprobe kgdboc 2>/dev/null
      if ! [ -e $parameter ]; then
        echo "its kernel has no kgdboc: configure it with the fragment kgdb" >&2
        exit 1
      fi
      before=$(cat $parameter)
      case $before in
      ttyS1*) ;;
      *) echo ttyS1,115200 >$parameter || exit 1 ;;
      esac
      (
        sleep 0.2
        echo g >/proc/sysrq-trigger
        # Else it would wait there at its next oops, too. It is busy as long as gdb is there.
        until echo "$before" >$parameter; do sleep 1; done
      ) >/dev/null 2>&1 &
      """
    try await require(["sh", "-c", script], to: "have the kernel wait for gdb on its serial line")
  }
}

extension MachineFolder {
  /// A guest that stands in kgdb goes on, as gdb left without saying so: `D` of gdb's remote protocol detaches.
  fileprivate func leaveKGDB() {
    let line = openUnixSocket(serialAgent)
    guard line >= 0 else { return }
    let detach = Array("+$D#44".utf8)
    _ = write(line, detach, detach.count)
    close(line)
  }
}

extension LocalHost {
  /// Makes gdb's command line for the kernel of a running machine, by its name. The guest need not answer; with kgdb it is then taken to
  /// stand there already.
  /// - Throws: `invalid` when no machine of that name runs; `missing` when no vmlinux is known, or gdb is not installed; `command` when
  ///   the kernel does not go into kgdb.
  public func debugger(of name: String, _ options: DebuggerOptions) async throws(HostError) -> DebuggerLine {
    guard let state = try machine(name), state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    let line = try await debugger(state.record, options)
    if options.kgdb {
      do throws(HostError) {
        let machine = try await runningMachine(name)
        defer { machine.disconnect() }
        try await machine.enterKGDB()
      } catch {
        guard error.code == .timeout else { throw error }
        warn("the guest of \(name) does not answer; gdb looks whether its kernel stands in kgdb")
      }
    }
    return line
  }

  /// Makes gdb's command line. For the machine's stub, which is opened when the machine has none: the guest stops when gdb
  /// connects, and goes on when gdb leaves.
  /// - Throws: `missing` when no vmlinux is known, or gdb is not installed.
  func debugger(_ record: MachineRecord, _ options: DebuggerOptions) async throws(HostError) -> DebuggerLine {
    let name = record.spec.name
    let folder = folder(ofMachine: name)
    let tree = options.vmlinux == nil ? record.debugTree : nil
    guard let image = options.vmlinux.map({ Files.absolute($0) }) ?? tree?.vmlinux else {
      throw HostError(
        .missing, "no vmlinux is known for the kernel of \(name)",
        hint: "name the one that it was built with: vmlinux = \"PATH\"")
    }
    guard Files.exists(image) else { throw HostError(.missing, "there is no \(image)") }
    if let newer = tree?.newer {
      note("\(newer) was built anew since \(name) has booted it: gdb's symbols and lines are of another kernel")
    }
    let gdb = try executables.require("gdb")
    let target = options.kgdb ? folder.serialAgent : try await gdbStub(of: record, folder)
    // The kernel's scripts (lx-dmesg, lx-symbols ...) are vmlinux-gdb.py beside vmlinux, with CONFIG_GDB_SCRIPTS.
    var line = [gdb, "-q", "-iex", "add-auto-load-safe-path \(Files.folder(of: image))"]
    let first = ["set pagination off", "target remote \(target)"]
    guard let commands = options.commands else {
      return DebuggerLine(arguments: line + first.flatMap { ["-ex", $0] } + [image])
    }
    // A file of commands (gdb 13 takes no pipe for one) ends at the first that fails, and so does gdb, with status 1. Of commands by
    // -ex the last one's status counts.
    line += ["-nx", "-batch", "-x", "/dev/stdin", image]
    let input = "\(folder.path)/gdb.\(UInt32.random(in: 0...(.max)))"
    let text = (first + commands + ["detach"]).map { $0 + "\n" }.joined()
    if !isDryRun { try Files.write(Array(text.utf8), to: input, mode: 0o600) }
    return DebuggerLine(arguments: line, input: input)
  }

  /// What gdb's `target remote` takes: the stub that the machine was launched with, where it can be reached from here, else one that
  /// is opened now.
  private func gdbStub(of record: MachineRecord, _ folder: MachineFolder) async throws(HostError) -> String {
    if case .port(let port) = record.spec.devices.gdb, record.spec.namespace == nil { return "127.0.0.1:\(port)" }
    let socket = folder.gdb
    if record.spec.devices.gdb == .socket, Files.exists(socket) { return socket }
    if plans("gdbserver unix:\(socket)  # in QEMU's monitor") { return socket }
    let qmp = try await QMP.connect(folder.qmp, handsFiles: true)
    defer { qmp.close() }
    // It lets go of the socket that it has, if any.
    try await qmp.execute("human-monitor-command", ["command-line": .string("gdbserver none")])
    try? Files.remove(socket)
    do throws(HostError) { try await Self.openStub(at: socket, by: qmp) } catch {
      try? Files.remove(socket)
      throw error
    }
    return socket
  }

  /// Has QEMU listen for gdb on a socket of ours: it may make none in the machine's folder when it was started by sudo.
  private static func openStub(at path: String, by qmp: QMP) async throws(HostError) {
    let listener = try listenUnix(path)
    defer { close(listener) }
    try qmp.hand(listener)
    try await qmp.execute("getfd", ["fdname": .string("gdb")])
    // Each time of another name: QEMU 7.2 cannot open two of one name after another ("duplicate yank instance").
    let id = JSONValue.string("gdb\(UInt32.random(in: 0...(.max)))")
    let address: [String: JSONValue] = ["type": .string("fd"), "data": .object(["str": .string("gdb")])]
    let data: [String: JSONValue] = ["addr": .object(address), "server": .bool(true), "wait": .bool(false)]
    try await qmp.execute(
      "chardev-add", ["id": id, "backend": .object(["type": .string("socket"), "data": .object(data)])])
    let line = JSONValue.string("gdbserver chardev:\(id.string ?? "")")
    let answer = try await qmp.execute("human-monitor-command", ["command-line": line]).string ?? ""
    if answer.contains("Could not open") {
      _ = try? await qmp.execute("chardev-remove", ["id": id])
      throw HostError(.system, "QEMU did not open its stub for gdb", detail: answer)
    }
  }
}
