import Host
import LuaKit
import LuaRuntime

extension MachineObject {
  /// The methods that look into the guest's kernel: `dmesg`, `dynamic_debug`, `ftrace`, `gdb`, `note_build`, `reports` and
  /// `wait_report`.
  static func defineDebugging(_ type: LuaClass<MachineObject>) {
    type.asyncMethod("reports") { object, _ in
      LuaOperation { LuaValue.array(await object.machine.kernelReports().map { LuaValue($0) }) }
    }
    type.asyncMethod("wait_report") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.WaitReportOptions", for: "Machine:wait_report")
      let limit = try options.duration("timeout")
      return LuaOperation { LuaValue(try await object.machine.nextKernelReport(timeLimit: limit)) }
    }
    type.asyncMethod("dmesg") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.DmesgOptions", for: "Machine:dmesg")
      let clears = try options.bool("clear")
      return LuaOperation { LuaValue.bytes(try await object.machine.kernelLog(clears: clears)) }
    }
    type.asyncMethod("dynamic_debug") { object, lua in
      let query: String = try lua.read(2)
      return LuaOperation { try await object.machine.dynamicDebug(query) }
    }
    type.asyncMethod("note_build") { object, lua in
      let output: String = try lua.read(2)
      return LuaOperation { try object.machine.noteBuild(output) }
    }
    type.asyncMethod("ftrace") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.FtraceOptions", for: "Machine:ftrace")
      let arguments: [[UInt8]] = try options.positional()
      let tracer = try options.string("tracer") ?? "function"
      let filter = try options.strings("filter")
      let events = try options.strings("events")
      let limit = try options.duration("timeout")
      return LuaOperation {
        let (result, trace) = try await object.machine.trace(
          arguments, tracer: tracer, filter: filter, events: events, timeLimit: limit)
        return LuaValue.record([
          ("status", .integer(Int64(result.status))), ("stdout", .bytes(result.output)),
          ("stderr", .bytes(result.error)), ("trace", .bytes(trace)),
        ])
      }
    }
    type.asyncMethod("gdb") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.GdbOptions", for: "Machine:gdb")
      let gdb = DebuggerOptions(
        vmlinux: try options.string("vmlinux"), commands: try options.required("commands"),
        kgdb: try options.bool("kgdb"))
      let limit = try options.duration("timeout") ?? .seconds(120)
      return LuaOperation {
        let result = try await object.machine.debug(gdb, timeLimit: limit)
        return LuaValue.result(status: result.status, output: result.output, error: result.error)
      }
    }
  }
}
