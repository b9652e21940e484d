import Host
import LuaKit
import LuaRuntime

/// An object of another machine, as scripts hold it here: its methods and fields are those of the object there.
final class RemoteObject: LuaObject, Sendable {
  static let luaName = "kdev.Remote"
  let peer: Peer
  let number: UInt32
  /// Its class there: "kdev.Machine".
  let type: String
  private let description: String
  private let isClosable: Bool

  init(_ peer: Peer, _ number: UInt32, type: String, description: String, isClosable: Bool) {
    self.peer = peer
    self.number = number
    self.type = type
    self.description = description
    self.isClosable = isClosable
  }

  deinit { peer.drop(number) }

  static func define(_ type: LuaClass<RemoteObject>) {
    type.index { object, lua in
      let name: String = try lua.read(2)
      if object.peer.isMethod(name, of: object.type) {
        lua.push(function: { lua in
          let object: RemoteObject = try lua.read(1)
          return try lua.await(LuaOperation(object.ask(.method, name, from: 2, of: lua)))
        })
        return 1
      }
      return try lua.await(LuaOperation(object.ask(.field, name, from: 3, of: lua)))
    }
    type.close { object, lua in
      guard object.isClosable else { return 0 }
      let failed = !lua.isNil(at: 2)
      object.peer.close(setUp: object.number, lua)
      // When the connection is lost the other side has closed what has to be; the error that ended the block says so.
      if failed, object.peer.channel?.end != nil { return 0 }
      lua.push(failed)
      let asked = try object.ask(.close, "", from: lua.top, of: lua)
      return try lua.await(LuaOperation { _ = try await asked() })
    }
    type.tostring { "\($0.description) on \($0.peer.name)" }
  }

  private func ask(
    _ action: Peer.Action, _ name: String, from first: Int32, of lua: LuaState
  ) throws -> @Sendable () async throws -> RemoteResults {
    do {
      return try peer.ask(action, from: first, of: lua, setUp: lua.setUp(on: peer)) { writer in
        writer.write(number: number)
        writer.write(text: name)
      }
    } catch let error as LuaMismatch {
      throw ArgumentError("\(type):\(name): \(error.message)")
    }
  }
}

/// A function of the other side: an iterator of a machine's events there, or a script's callback here.
final class RemoteFunction: Sendable {
  private let peer: Peer
  private let number: UInt32

  init(_ peer: Peer, _ number: UInt32) {
    self.peer = peer
    self.number = number
  }

  deinit { peer.drop(number) }

  func push(onto lua: LuaState) {
    lua.push(function: { [self] lua in
      do {
        let asked = try peer.ask(.function, from: 1, of: lua, setUp: lua.setUp(on: peer)) { $0.write(number: number) }
        return try lua.await(
          LuaOperation {
            defer { withExtendedLifetime(self) {} }
            return try await asked()
          })
      } catch let error as LuaMismatch {
        throw ArgumentError(error.message)
      }
    })
  }
}
