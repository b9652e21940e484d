import Host
import LuaKit
import LuaRuntime

/// What `kdev.host` was called with.
struct RemoteOptions: Sendable {
  private let address: RemoteAddress
  private let program: String?
  private let folder: String?
  private let runtime: LuaRuntime

  init(_ lua: LuaState, _ environment: Environment) throws {
    runtime = LuaRuntime.of(lua)
    if lua.type(at: 2) == .string {
      address = try RemoteAddress(lua.read(2))
      (program, folder) = (nil, nil)
      return
    }
    guard lua.type(at: 2) == .table else {
      throw lua.argumentError(2, LuaMismatch(expected: "string or table", lua, at: 2).message)
    }
    let options = try environment.options(lua, at: 2, "kdev.host.RemoteOptions", for: "kdev.host")
    address = try options.remoteAddress("address")
    program = try options.string("program")
    folder = try options.string("folder")
  }

  func connect(_ environment: Environment) -> LuaOperation {
    let (address, program, folder) = (address, program, folder)
    let peer = Peer(address.destination, environment.typeLibrary, runtime)
    return LuaOperation {
      let connection = try await RemoteConnection.open(
        address, program: program, folder: folder, on: environment.host,
        // The connection does not keep those alive that use it: it ends when nobody does.
        perform: { [weak peer] question in await peer?.answer(question) ?? .failure([]) },
        note: { [weak peer] notice in peer?.take(notice: notice) })
      peer.connect(connection.channel, connection)
      return HostObject(peer, program: connection.program, environment.host)
    }
  }
}

/// `kdev.Host`.
final class HostObject: LuaObject, Sendable {
  static let luaName = "kdev.Host"
  private let peer: Peer
  private let program: String
  /// This machine.
  private let host: LocalHost

  init(_ peer: Peer, program: String, _ host: LocalHost) {
    self.peer = peer
    self.program = program
    self.host = host
  }

  /// The modules that act on a machine. The others have nothing that is elsewhere on another one.
  private static let modules = ["disk", "fs", "glob", "host", "kernel", "net", "proc", "transaction", "vm"]

  static func define(_ type: LuaClass<HostObject>) {
    type.property("address") { $0.peer.name }
    type.property("program") { $0.program }
    for module in modules { type.property(module) { RemoteModule(peer: $0.peer, name: module) } }
    type.asyncMethod("push") { object, lua in
      let (from, to): (String, String) = (try lua.read(2), try lua.read(3))
      return LuaOperation { try await object.peer.requireConnection().push(from, to: to, on: object.host) }
    }
    type.asyncMethod("pull") { object, lua in
      let (from, to): (String, String) = (try lua.read(2), try lua.read(3))
      return LuaOperation { try await object.peer.requireConnection().pull(from, to: to, on: object.host) }
    }
    type.asyncMethod("close") { object, _ in LuaOperation { await object.peer.close() } }
    type.close { object in LuaOperation { await object.peer.close() } }
    type.tostring { "kdev.Host: \($0.peer.name)" }
  }
}

/// A table with the functions of a module on another machine.
private struct RemoteModule: LuaPushable {
  let peer: Peer
  let name: String

  func push(onto lua: LuaState) {
    lua.newTable()
    for function in peer.functions(of: "kdev." + name) {
      lua.push(function: { [peer, name] lua in
        let isSetUp = name == "transaction" && function == "begin"
        // As in TransactionModule: the task that runs carries it, from before it waits.
        let setUp = isSetUp ? RemoteSetUp(peer, outer: lua.taskContext[RemoteSetUp.key] as? RemoteSetUp) : nil
        let asked = try ask(function, lua)
        if let setUp { lua.taskContext[RemoteSetUp.key] = setUp }
        return try lua.await(
          LuaOperation {
            let results = try await asked()
            if let setUp, let number = results.object { peer.open(setUp, number) }
            return results
          })
      })
      lua.rawSet(function, of: -2)
    }
  }

  private func ask(_ function: String, _ lua: LuaState) throws -> @Sendable () async throws -> RemoteResults {
    do {
      return try peer.ask(.module, from: 1, of: lua, setUp: lua.setUp(on: peer)) { writer in
        writer.write(text: name)
        writer.write(text: function)
      }
    } catch let error as LuaMismatch {
      throw ArgumentError("kdev.\(name).\(function): \(error.message)")
    }
  }
}
