import Host
import LuaKit
import LuaRuntime
import Synchronization

/// `kdev.Disk`; its methods are documented in disk.d.lua.
final class DiskObject: LuaObject, Sendable {
  static let luaName = "kdev.Disk"
  private let known: Mutex<Disk>
  private let environment: Environment
  /// Removed by `<close>`.
  private let temporary: TemporaryFile?

  init(_ disk: Disk, _ environment: Environment, temporary: TemporaryFile? = nil) {
    known = Mutex(disk)
    self.environment = environment
    self.temporary = temporary
  }

  /// The disk as it was last seen or made.
  var disk: Disk { known.withLock { $0 } }
  private var host: LocalHost { environment.host }

  private func options(_ lua: LuaState, at index: Int32 = 2, _ name: String, for method: String) throws -> Options {
    try environment.options(lua, at: index, "kdev.disk.\(name)Options", for: "Disk:\(method)")
  }

  static func define(_ type: LuaClass<DiskObject>) {
    type.property("path") { $0.disk.path }
    type.property("format") { $0.disk.format.rawValue }
    type.property("size") { $0.disk.size.bytes }
    type.property("backing") { $0.disk.backing }
    type.tostring { "kdev.Disk: \($0.disk.path) (\($0.disk.text))" }
    type.close { object in
      LuaOperation { if let file = object.temporary { try await object.host.remove(file) } }
    }
    looks(type)
    changes(type)
    snapshots(type)
  }

  private static func looks(_ type: LuaClass<DiskObject>) {
    type.asyncMethod("info") { object, _ in
      LuaOperation { LuaValue(try await object.host.details(of: object.disk)) }
    }
    type.asyncMethod("chain") { object, _ in
      LuaOperation { LuaValue.array(try await object.host.chain(of: object.disk).map { LuaValue($0) }) }
    }
    type.asyncMethod("check") { object, lua in
      let options = try object.options(lua, "Check", for: "check")
      let repair = try options.string("repair").flatMap { DiskRepair(rawValue: $0) }
      let transaction = lua.transaction(of: object.host)
      return LuaOperation {
        LuaValue(try await object.host.check(object.disk, repair: repair, in: transaction))
      }
    }
    type.asyncMethod("compare") { object, lua in
      let other: DiskObject = try lua.read(2)
      let strict = try object.options(lua, at: 3, "Compare", for: "compare").bool("strict")
      return LuaOperation {
        let difference = try await object.host.difference(of: object.disk, and: other.disk, strict: strict)
        return LuaReturn(difference == nil, difference)
      }
    }
  }

  private static func changes(_ type: LuaClass<DiskObject>) {
    type.asyncMethod("commit") { object, lua in
      let options = try object.options(lua, "Commit", for: "commit")
      let (keep, inPlace) = (try options.bool("keep"), try options.bool("in_place"))
      let force = try options.bool("force")
      let transaction = lua.transaction(of: object.host)
      return LuaOperation {
        try await object.host.commit(object.disk, keep: keep, inPlace: inPlace, force: force, in: transaction)
      }
    }
    type.asyncMethod("rebase") { object, lua in
      let options = try object.options(lua, "Rebase", for: "rebase")
      let backing: DiskObject? = try options.value("backing")
      let (unsafe, relative) = (try options.bool("unsafe"), try options.bool("relative"))
      let force = try options.bool("force")
      return LuaOperation {
        let after = try await object.host.rebase(
          object.disk, onto: backing?.disk, unsafe: unsafe, relative: relative, force: force)
        object.known.withLock { $0 = after }
      }
    }
    type.asyncMethod("resize") { object, lua in
      let options = try object.options(lua, "Resize", for: "resize")
      guard let size = try options.size("size") else { throw options.wrong("size", "a size expected") }
      let (shrink, force) = (try options.bool("shrink"), try options.bool("force"))
      let transaction = lua.transaction(of: object.host)
      return LuaOperation {
        let after = try await object.host.resize(
          object.disk, to: size, shrink: shrink, force: force, in: transaction)
        object.known.withLock { $0 = after }
      }
    }
    type.asyncMethod("convert") { object, lua in
      let options = try object.options(lua, "Convert", for: "convert")
      let path = object.host.diskPath(try options.required("path"))
      let format = try options.format() ?? .qcow2
      let (compress, replace) = (try options.bool("compress"), try options.bool("replace"))
      let snapshot = try options.string("snapshot")
      let transaction = lua.transaction(of: object.host)
      return LuaOperation {
        let copy = try await object.host.convert(
          object.disk, to: path, format: format, compress: compress, snapshot: snapshot, replace: replace,
          in: transaction)
        return DiskObject(copy, object.environment)
      }
    }
  }

  private static func snapshots(_ type: LuaClass<DiskObject>) {
    type.asyncMethod("snapshot") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.host.makeSnapshot(name, of: object.disk) }
    }
    type.asyncMethod("snapshots") { object, _ in
      LuaOperation {
        LuaValue.array(try await object.host.details(of: object.disk).snapshots.map { LuaValue($0) })
      }
    }
    type.asyncMethod("restore") { object, lua in
      let name: String = try lua.read(2)
      let force = try object.options(lua, at: 3, "Restore", for: "restore").bool("force")
      return LuaOperation {
        try await object.host.applySnapshot(name, of: object.disk, force: force)
        // It may have had another size then.
        let after = try await object.host.details(of: object.disk).disk
        object.known.withLock { $0 = after }
      }
    }
    type.asyncMethod("delete_snapshot") { object, lua in
      let name: String = try lua.read(2)
      return LuaOperation { try await object.host.deleteSnapshot(name, of: object.disk) }
    }
  }
}

extension LuaValue {
  fileprivate init(_ details: DiskDetails) {
    let disk = details.disk
    func text(_ value: String?) -> LuaValue { value.map { .string($0) } ?? .nil }
    self = .record([
      ("path", .string(disk.path)), ("format", .string(disk.format.rawValue)),
      ("size", .integer(Int64(disk.size.bytes))), ("used", .integer(Int64(details.used))),
      ("backing", text(disk.backing)), ("backing_stored", text(details.storedBacking)),
      ("backing_format", text(disk.backingFormat?.rawValue)), ("dirty", .bool(details.isDirty)),
      ("corrupt", .bool(details.isCorrupt)), ("snapshots", .array(details.snapshots.map { LuaValue($0) })),
    ])
  }

  fileprivate init(_ snapshot: DiskSnapshot) {
    self = .record([
      ("name", .string(snapshot.name)), ("id", .string(snapshot.id)), ("date", .number(snapshot.date)),
      ("machine_state", .integer(Int64(snapshot.machineState))),
    ])
  }

  fileprivate init(_ check: DiskCheck) {
    self = .record([
      ("outcome", .string(check.outcome.rawValue)), ("corruptions", .integer(Int64(check.corruptions))),
      ("leaks", .integer(Int64(check.leaks))), ("corruptions_fixed", .integer(Int64(check.corruptionsFixed))),
      ("leaks_fixed", .integer(Int64(check.leaksFixed))), ("text", .string(check.text)),
    ])
  }
}
