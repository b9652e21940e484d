import LuaKit
import Synchronization
import Testing

/// An error of the host, with an identity.
struct Boom: Error, Equatable, CustomStringConvertible {
  var code: Int
  var description: String { "boom \(code)" }
}

/// A host error with fields.
struct CommandError: LuaErrorFields {
  var kind: String { "process" }
  var message: String { "qemu-img failed" }
  var cause: (any Error)? { Boom(code: 2) }
  func field(_ name: String) -> LuaValue {
    switch name {
    case "status": 1
    case "command": ["qemu-img", "create"]
    default: .nil
    }
  }
}

/// Counts its living instances.
final class Counted: Sendable {
  let living: Counter
  init(_ living: Counter) {
    self.living = living
    living.value.add(1, ordering: .relaxed)
  }
  deinit { living.value.subtract(1, ordering: .relaxed) }
  func touch() {}
}

/// A number that threads share.
final class Counter: Sendable {
  let value = Atomic(0)
  var count: Int { value.load(ordering: .relaxed) }
}

/// A disk, as scripts see it.
final class Disk: LuaObject {
  var size: Int
  let counted: Counted?
  init(size: Int, counted: Counted? = nil) {
    self.size = size
    self.counted = counted
  }

  static let luaName = "test.disk"
  static func define(_ type: LuaClass<Disk>) {
    type.property("size") { $0.size }
    type.property("bad") { _ -> Int in throw Boom(code: 8) }
    type.method("resize") { disk, lua in
      disk.size = try lua.read(2)
      return 0
    }
    type.tostring { "disk of \($0.size)" }
    type.close { disk, lua in
      disk.size = 0
      return 0
    }
  }
}

/// Gives a state to the body and closes it.
func withLua<R>(_ body: (LuaState) throws -> R) throws -> R {
  let lua = try LuaState.make()
  defer { lua.close() }
  return try body(lua)
}

/// Runs a script that must fail and gives its error.
func failure(_ lua: LuaState, _ source: String) throws -> LuaError {
  do { try lua.run(source, name: "@t.lua") } catch { return error }
  throw Boom(code: -1)
}
