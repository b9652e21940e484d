import Host
import LuaKit
import LuaRuntime

extension MachineObject {
  /// The methods that talk to QEMU and not to the guest.
  static func defineControl(_ type: LuaClass<MachineObject>) {
    type.asyncMethod("qmp") { object, lua in
      let command: String = try lua.read(2)
      let arguments = try lua.read(3, as: LuaValue?.self) ?? .nil
      guard arguments.isNil || arguments.fields != nil else {
        throw lua.argumentError(3, "a table of arguments by name expected")
      }
      let members = (arguments.fields ?? []).compactMap { field in field.key.text.map { ($0, JSONValue(field.value)) } }
      return LuaOperation {
        LuaValue(try await object.machine.qmp(command, Dictionary(members) { _, last in last }))
      }
    }
    type.asyncMethod("hmp") { object, lua in
      let line: String = try lua.read(2)
      return LuaOperation { try await object.machine.hmp(line) }
    }
    type.asyncMethod("status") { object, _ in LuaOperation { try await object.machine.status() } }
    type.asyncMethod("pause") { object, _ in LuaOperation { try await object.machine.pauseProcessors() } }
    type.asyncMethod("resume") { object, _ in LuaOperation { try await object.machine.resumeProcessors() } }
    type.asyncMethod("reset") { object, _ in LuaOperation { try await object.machine.reset() } }
    type.asyncMethod("reboot") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.RebootOptions", for: "Machine:reboot")
      let limit = try options.duration("timeout") ?? .seconds(120)
      return LuaOperation { try await object.machine.reboot(within: limit) }
    }
    type.asyncMethod("power_down") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.PowerDownOptions", for: "Machine:power_down")
      let limit = try options.duration("timeout") ?? .seconds(60)
      return LuaOperation { LuaValue(try await object.machine.powerDown(within: limit)) }
    }
    type.asyncMethod("wait") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.WaitOptions", for: "Machine:wait")
      let limit = try options.duration("timeout")
      return LuaOperation { LuaValue(try await object.machine.waitForEnd(within: limit)) }
    }
    type.asyncMethod("screenshot") { object, lua in
      let path: String = try lua.read(2)
      return LuaOperation { try await object.machine.screenshot(path) }
    }
    type.method("events") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.EventsOptions", for: "Machine:events")
      let names = Set(try options.strings("names"))
      let limit = try options.duration("timeout")
      let events = try object.machine.events(names, fromStart: try options.bool("from_start"))
      lua.push(function: { lua in
        try lua.await(LuaOperation { (try await events.next(within: limit)).map { LuaValue($0) } ?? .nil })
      })
      return 1
    }
    type.asyncMethod("plug_disk") { object, lua in
      let drive =
        if let disk = DiskObject.test(lua, at: 2) {
          Drive(disk.disk)
        } else {
          try Drive(object.environment.options(lua, at: 2, "kdev.vm.DiskOptions", for: "Machine:plug_disk"))
        }
      return LuaOperation { try await object.machine.plug(drive) }
    }
    type.asyncMethod("plug_net") { object, lua in
      let card = try NetworkCard.read(lua, at: 2, vhost: nil, object.machine.host) { index in
        try object.environment.options(lua, at: index, "kdev.vm.CardOptions", for: "Machine:plug_net")
      }
      return LuaOperation { try await object.machine.plug(card) }
    }
    type.asyncMethod("unplug") { object, lua in
      let id: String = try lua.read(2)
      return LuaOperation { try await object.machine.unplug(id) }
    }
  }
}

extension LuaValue {
  fileprivate init(_ event: MachineEvent) {
    self = .record([
      ("name", .string(event.name)), ("data", event.data == .null ? .table([]) : LuaValue(event.data)),
      ("time", .number(event.seconds)),
    ])
  }

  fileprivate init(_ end: MachineEnd) {
    self = .record(
      [("cause", .string(end.cause.rawValue))] + (end.panic.map { [("panic", .string($0))] } ?? [])
        + (end.report.map { [("report", LuaValue($0))] } ?? []))
  }
}
