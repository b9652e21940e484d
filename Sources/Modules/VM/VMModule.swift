import Host
import LuaKit
import LuaRuntime

/// `kdev.vm`; its functions are documented in vm.d.lua.
enum VMModule: KdevModule {
  static let name = "vm"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("launch") { lua in
      let options = try environment.options(lua, at: 1, "kdev.vm.LaunchOptions", for: "kdev.vm.launch")
      let spec = try LaunchOptions(options).spec(host)
      let networks = LaunchOptions(options).userNetworks()
      let password = try LaunchOptions(options).vncPassword()
      let limit = try options.duration("boot_timeout") ?? .seconds(120)
      let onReport = try options.reportPolicy("on_report")
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        let machine = try await host.launch(spec, timeLimit: limit, vncPassword: password, in: transaction)
        for (network, card) in zip(networks, machine.record.spec.cards) {
          try network?.follow(card.network, of: machine.record.spec.name)
        }
        // One that the program has open already keeps what it has.
        if let onReport { machine.reportPolicy = onReport }
        return MachineObject(machine, environment)
      }
    }
    TemplateObject.build(module, environment)
    module.async("ssh_config") { _ in LuaOperation { try await host.writeSSHConfig() } }
    module.function("command_line") { lua in
      let options = try environment.options(lua, at: 1, "kdev.vm.LaunchOptions", for: "kdev.vm.command_line")
      _ = try options.duration("boot_timeout")
      lua.push(host.commandLine(of: try LaunchOptions(options).spec(host)))
      return 1
    }
    module.async("get") { lua in
      let name: String = try lua.read(1)
      return LuaOperation { MachineObject(try await host.runningMachine(name), environment) }
    }
    module.function("running") { lua in
      let running = try host.machines().compactMap { machine in
        machine.processID.map { (machine.record.spec.name, LuaValue.integer(Int64($0))) }
      }
      lua.push(LuaValue.record(running))
      return 1
    }
  }
}

/// `kdev.Machine`.
final class MachineObject: LuaObject, Sendable {
  static let luaName = "kdev.Machine"
  let machine: Machine
  let environment: Environment

  init(_ machine: Machine, _ environment: Environment) {
    self.machine = machine
    self.environment = environment
  }

  static func define(_ type: LuaClass<MachineObject>) {
    type.property("name") { $0.machine.name }
    type.property("release") { $0.machine.release }
    type.property("address") { try $0.machine.host.address(of: $0.machine.record) }
    type.property("vnc") { $0.machine.record.display }
    type.property("vnc_socket") { $0.machine.record.spec.display == .socket ? $0.machine.folder.vnc : nil }
    type.property("gdb_stub") { $0.machine.gdbTarget }
    type.property("consoles") { object in
      object.machine.record.spec.devices.consoles.indices.map { object.machine.folder.console($0) }
    }
    type.property("pid") { try $0.machine.host.machine($0.machine.name)?.processID }
    type.property("command_line") { $0.machine.record.arguments }
    type.property("console_log") { $0.machine.folder.consoleLog }
    type.property("shares") { object in
      LuaValue.record(object.machine.record.spec.shares.map { ($0.tag, .string($0.path)) })
    }
    type.asyncMethod("exec") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.ExecOptions", for: "Machine:exec")
      let request = try ExecOptions(options)
      return LuaOperation { try await request.run(in: object.machine) }
    }
    type.asyncMethod("mount") { object, lua in
      let tag: String = try lua.read(2)
      let directory: String = try lua.read(3)
      return LuaOperation { try await object.machine.mount(tag, at: directory) }
    }
    SnapshotMethods.define(type)
    type.method("console") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.ConsoleOptions", for: "Machine:console")
      let isWhole = try options.string("from") == "start"
      let timestamps = try options.bool("timestamps")
      let machine = object.machine
      let console = try GuestConsole(machine.folder, fromStart: isWhole, timestamps: timestamps)
      lua.push(ConsoleObject(console, of: machine.name, object.environment))
      return 1
    }
    type.asyncMethod("shell") { object, lua in
      let shell = try lua.read(2, as: String?.self)
      return LuaOperation { try await object.machine.shell(shell) }
    }
    type.asyncMethod("ssh") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.SSHOptions", for: "Machine:ssh")
      let words: [String] = try options.positional()
      let input: [UInt8]? = try options.value("stdin")
      let limit = try options.duration("timeout")
      let check = try options.value("check") ?? true
      return LuaOperation {
        let result = try await object.machine.ssh(words, input: input, timeLimit: limit)
        return try result.value(of: words, in: object.machine, check: check)
      }
    }
    type.asyncMethod("authorize_ssh") { object, _ in LuaOperation { try await object.machine.authorizeSSH() } }
    type.asyncMethod("push") { object, lua in
      let copy = try CopyArguments(lua, object.environment, for: "Machine:push")
      return LuaOperation { try await object.machine.push(copy.from, to: copy.to, timeLimit: copy.timeLimit) }
    }
    type.asyncMethod("pull") { object, lua in
      let copy = try CopyArguments(lua, object.environment, for: "Machine:pull")
      return LuaOperation { try await object.machine.pull(copy.from, to: copy.to, timeLimit: copy.timeLimit) }
    }
    defineDebugging(type)
    type.asyncMethod("stop") { object, _ in LuaOperation { try await object.machine.stop() } }
    type.asyncMethod("kill") { object, _ in LuaOperation { try await object.machine.stop(gracefully: false) } }
    defineControl(type)
    type.close { object in LuaOperation { try await object.machine.stop() } }
    type.tostring { "kdev.Machine: \($0.machine.name)" }
  }
}

/// What `Machine:exec` was asked for.
private struct ExecOptions: Sendable {
  let arguments: [[UInt8]]
  let directory: [UInt8]?
  let environment: [(name: String, value: [UInt8])]
  let input: GuestInput
  let output: OutputTarget
  let error: OutputTarget
  private let raised = RaisedError()
  let timeLimit: Duration?
  let check: Bool
  let onReport: ReportPolicy?

  init(_ options: Options) throws {
    onReport = try options.reportPolicy("on_report")
    arguments = try options.positional()
    directory = try options.value("cwd")
    environment = try options.texts("env")
    input = try options.guestInput()
    output = try options.target("stdout", of: "kdev.vm.OutputFile", raised)
    error = try options.target("stderr", of: "kdev.vm.OutputFile", raised)
    timeLimit = try options.duration("timeout")
    check = try options.value("check") ?? true
  }

  func run(in machine: Machine) async throws -> LuaValue {
    let result: GuestResult
    do {
      result = try await machine.execute(
        arguments, directory: directory, environment: environment, input: input, output: output, error: error,
        timeLimit: timeLimit, onReport: onReport)
    } catch { throw raised.error ?? error }
    return try result.value(of: arguments.map { String(decoding: $0, as: UTF8.self) }, in: machine, check: check)
  }
}

extension GuestResult {
  /// As scripts get it.
  /// - Throws: `command` when it failed, and that is to be an error.
  fileprivate func value(of words: [String], in machine: Machine, check: Bool) throws(HostError) -> LuaValue {
    guard !check || status == 0 else {
      throw HostError(
        .command, "\(words.first ?? "the shell") ended with status \(status) in the guest \(machine.name)",
        command: words,
        status: status, detail: String(decoding: error, as: UTF8.self))
    }
    return .result(status: status, output: output, error: error)
  }
}

extension Options {
  /// The field `stdin`: bytes, or `{ file = PATH }`.
  fileprivate func guestInput() throws -> GuestInput {
    push("stdin")
    defer { lua.pop() }
    if lua.type(at: -1) == .table { return try .file(inner("kdev.vm.InputFile", at: -1).required("file")) }
    let bytes: [UInt8]? = try lua.isNil(at: -1) ? nil : lua.read(-1)
    return bytes.map { .bytes($0) } ?? .none
  }
}

/// What `Machine:push` and `Machine:pull` were asked for.
private struct CopyArguments: Sendable {
  let from: String
  let to: String
  let timeLimit: Duration?

  init(_ lua: LuaState, _ environment: Environment, for function: String) throws {
    from = try lua.read(2)
    to = try lua.read(3)
    timeLimit = try environment.options(lua, at: 4, "kdev.vm.CopyOptions", for: function).duration("timeout")
  }
}

extension Options {
  fileprivate func reportPolicy(_ name: String) throws -> ReportPolicy? {
    try string(name).flatMap { ReportPolicy(rawValue: $0) }
  }
}
