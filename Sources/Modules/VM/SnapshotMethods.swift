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
        let found = try await object.machine.snapshots()
        return .array(
          found.map { snapshot -> LuaValue in
            .table([
              .init("name", .string(snapshot.name)), .init("date", .integer(Int64(snapshot.date))),
              .init("size", .integer(Int64(snapshot.size))),
            ])
          })
      }
    }
    type.asyncMethod("delete_snapshot") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.machine.deleteSnapshot(name) }
    }
  }
}
