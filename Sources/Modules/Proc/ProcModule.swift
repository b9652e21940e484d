import Glibc
import Host
import LuaKit
import LuaRuntime

/// `kdev.proc`; its functions are documented in proc.d.lua.
enum ProcModule: KdevModule {
  static let name = "proc"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("run") { lua in
      let options = try CommandOptions(
        environment.options(lua, at: 1, "kdev.proc.RunOptions", for: "kdev.proc.run"), environment.changedVariables)
      return LuaOperation {
        try await options.result { () async throws(HostError) in
          try await host.run(options.command, timeLimit: options.timeLimit)
        }
      }
    }
    module.function("which") { lua in
      lua.push(host.executables.find(try lua.read(1)))
      return 1
    }
    module.async("spawn") { lua in
      let options = try environment.options(lua, at: 1, "kdev.proc.SpawnOptions", for: "kdev.proc.spawn")
      let command = try CommandOptions(options, environment.changedVariables)
      let pipesInput = command.command.input == Array("pipe".utf8)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation {
        let process = ChildProcess(
          host, command.command, timeLimit: command.timeLimit, pipesInput: pipesInput)
        await runtime.begin(LuaOperation { await process.run() })
        do { try await process.started() } catch {
          await process.close()
          throw error
        }
        return ProcessObject(process, command)
      }
    }
  }
}

/// `kdev.Process`.
final class ProcessObject: LuaObject, Sendable {
  static let luaName = "kdev.Process"
  private let process: ChildProcess
  private let options: CommandOptions

  init(_ process: ChildProcess, _ options: CommandOptions) {
    self.process = process
    self.options = options
  }

  static func define(_ type: LuaClass<ProcessObject>) {
    type.property("pid") { $0.process.id }
    type.asyncMethod("write") { object, lua in
      let bytes: [UInt8] = try lua.read(2)
      return LuaOperation { try await object.process.write(bytes) }
    }
    type.asyncMethod("close_stdin") { object, _ in LuaOperation { try await object.process.closeInput() } }
    type.asyncMethod("read") { object, lua in
      let count = try lua.read(2, as: Int?.self) ?? 1 << 16
      guard count > 0 else { throw lua.argumentError(2, "a number above 0 expected, got \(count)") }
      return LuaOperation { LuaValue(try await object.process.read(count)) }
    }
    type.method("lines") { object, lua in
      lua.push(function: { lua in
        if let line = object.process.lineIfThere() {
          lua.push(bytes: line)
          return 1
        }
        return try lua.await(LuaOperation { LuaValue(try await object.process.line()) })
      })
      return 1
    }
    type.asyncMethod("wait") { object, _ in
      LuaOperation {
        try await object.options.result { () async throws(HostError) in try await object.process.wait() }
      }
    }
    type.method("kill") { object, lua in
      let name = try lua.read(2, as: String?.self) ?? "TERM"
      guard let number = signals[name] else {
        throw lua.argumentError(2, "a signal expected, such as \"TERM\", got \"\(name)\"")
      }
      lua.push(object.process.signal(number))
      return 1
    }
    type.close { object in LuaOperation { await object.process.close() } }
    type.tostring { "kdev.Process: \($0.options.command.arguments[0])\($0.process.hasEnded ? " (ended)" : "")" }
  }

  /// Those of POSIX, without the prefix.
  private static let signals: [String: Int32] = [
    "ABRT": SIGABRT, "ALRM": SIGALRM, "CONT": SIGCONT, "HUP": SIGHUP, "INT": SIGINT, "KILL": SIGKILL, "PIPE": SIGPIPE,
    "QUIT": SIGQUIT, "STOP": SIGSTOP, "TERM": SIGTERM, "TSTP": SIGTSTP, "USR1": SIGUSR1, "USR2": SIGUSR2,
    "WINCH": SIGWINCH,
  ]
}

extension LuaValue {
  fileprivate init(_ bytes: [UInt8]?) { self = bytes.map { .bytes($0) } ?? .nil }
}
