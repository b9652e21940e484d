import Host
import LuaKit
import LuaRuntime

/// The methods of `kdev.Machine` that save and restore it.
enum SnapshotMethods {
  static func define(_ type: LuaClass<MachineObject>) {
    type.asyncMethod("snapshot") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.machine.snapshot(name) }
    }
    type.asyncMethod("restore") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.machine.restore(name) }
    }
    type.asyncMethod("snapshots") { object, _ in
      LuaOperation { () async throws -> LuaValue in
        .array(
          try await object.machine.snapshots().map { snapshot in
            [
              ("name", .string(snapshot.name)), ("date", .integer(Int64(snapshot.date))),
              ("size", .integer(Int64(snapshot.size))),
            ]
          })
      }
    }
    type.asyncMethod("delete_snapshot") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.machine.deleteSnapshot(name) }
    }
  }
}
