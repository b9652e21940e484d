import Host
import LuaKit
public import LuaRuntime

extension Peer {
  /// What is done with a module or an object that the other side means. `<close>` itself is what ends an object: what it means
  /// only its class knows.
  private static let dispatcher = """
    local kdev <const> = require "kdev"
    local function close(object, failed)
      local reason <const> = failed and {} or nil
      local ok <const>, err <const> = pcall(function()
        local held <close> = object
        if reason then error(reason, 0) end
      end)
      if not ok and err ~= reason then error(err, 0) end
    end
    return function(action, target, name, ...)
      if action == "module" then return kdev[target][name](...) end
      if action == "method" then return target[name](target, ...) end
      if action == "field" then return target[name] end
      return close(target, ...)
    end
    """

  /// Loads what ``answer(_:)`` needs on the side that is asked.
  func loadDispatcher() async throws {
    let reference = try await runtime.withState { lua in
      try lua.load(Self.dispatcher, name: "=kdevlua")
      try lua.call(results: 1)
      return lua.reference(at: -1)
    }
    answers(by: reference)
  }

  /// Does what the other side asks for, as a task. Without a dispatcher only functions that were given away are called.
  func answer(_ question: [UInt8]) async -> MessageChannel.Answer {
    do {
      let results = try await runtime.call(
        pushing: { lua in try self.push(question, onto: lua) },
        then: { lua, count in
          var writer = WireWriter(self)
          try writer.write(valuesFrom: lua.top - count + 1, of: lua)
          return writer.bytes
        })
      return .success(results)
    } catch {
      return .failure(RemoteError.body(of: error, for: self))
    }
  }

  /// Pushes the function that a question means, and its arguments.
  private func push(
    _ question: [UInt8], onto lua: LuaState
  ) throws -> (arguments: Int32, context: [String: any Sendable]) {
    var reader = WireReader(question, from: self)
    let action = Action(rawValue: reader.byte())
    let context = context(ofSetUp: reader.number(), lua)
    if action == .function {
      guard let function = exported(reader.number()) else { throw LuaError("that function is there no more") }
      lua.push(function)
      return (reader.push(valuesOnto: lua), context)
    }
    guard let dispatcher = self.dispatcher else { throw LuaError("that cannot be asked for") }
    lua.push(dispatcher)
    switch action {
    case .module:
      lua.push("module")
      lua.push(reader.text())
    case .method, .field, .close:
      guard let object = exported(reader.number()) else { throw LuaError("that object is there no more") }
      lua.push(action == .method ? "method" : action == .field ? "field" : "close")
      lua.push(object)
    case .function, nil: throw LuaError("that cannot be asked for")
    }
    lua.push(reader.text())
    return (3 + reader.push(valuesOnto: lua), context)
  }

  /// What a task carries that works for a set-up of this side.
  private func context(ofSetUp number: UInt32, _ lua: LuaState) -> [String: any Sendable] {
    guard number != 0, let reference = exported(number) else { return [:] }
    lua.push(reference)
    defer { lua.pop() }
    return TransactionObject.test(lua, at: lua.top)?.context ?? [:]
  }

  /// Undoes the set-ups that the other side has left open, last first.
  func rollBackSetUps() async {
    for reference in allExported.reversed() {
      _ = try? await runtime.call(
        pushing: { lua in
          lua.push(reference)
          guard let setUp = TransactionObject.test(lua, at: lua.top), setUp.isOpen, let dispatcher = self.dispatcher
          else { throw LuaError("no open set-up") }
          lua.pop()
          lua.push(dispatcher)
          lua.push("close")
          lua.push(reference)
          lua.push("")
          lua.push(true)
          return (4, [:])
        }, then: { _, _ in })
    }
  }
}

extension LuaRuntime {
  /// Does what another kdevlua asks for over standard input and output, until it ends; what it left half made is undone then.
  public func serve() async throws {
    let server = try RemoteServer()
    let peer = Peer("the other side", nil, self)
    peer.connect(server.channel)
    try await peer.loadDispatcher()
    await server.run(perform: { await peer.answer($0) }, note: { peer.take(notice: $0) })
    await peer.rollBackSetUps()
    await finish()
  }
}
