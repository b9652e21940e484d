import LuaKit
import LuaRuntime
import Synchronization
import Testing

/// All tests of the runtime, one after the other: an interrupt goes to whichever universe runs.
@Suite(.serialized) struct RuntimeTests {}

/// An error of the host, with an identity.
struct Boom: Error, Equatable, CustomStringConvertible {
  var code: Int
  var description: String { "boom \(code)" }
}

/// Counts its living instances.
final class Probe: LuaObject, Sendable {
  static let living = Atomic(0)
  static let closed = Atomic(0)

  init() { Probe.living.add(1, ordering: .relaxed) }
  deinit { Probe.living.subtract(1, ordering: .relaxed) }

  static let luaName = "test.probe"
  static func define(_ type: LuaClass<Probe>) {
    type.close { _ in
      LuaOperation {
        try await Task.sleep(for: .milliseconds(2))
        Probe.closed.add(1, ordering: .relaxed)
      }
    }
    type.asyncMethod("echo") { _, lua in
      let value: LuaValue = try lua.read(2)
      return LuaOperation { value }
    }
  }
}

/// A module of bindings for the tests.
@Sendable func testModule(_ module: LuaModule) {
  module.async("noop") { _ in LuaOperation {} }
  module.async("wait") { lua in
    let seconds: Double = try lua.read(1)
    return LuaOperation { try await Task.sleep(for: .seconds(seconds)) }
  }
  module.async("stubborn") { _ in
    // Notices a cancellation only when it is done.
    LuaOperation {
      await Task.detached { try? await Task.sleep(for: .milliseconds(30)) }.value
      return Probe()
    }
  }
  module.async("fail") { lua in
    let code: Int = try lua.read(1)
    return LuaOperation {
      await Task.yield()
      throw Boom(code: code)
    }
  }
  module.async("values") { _ in LuaOperation { LuaReturn(1, "two", LuaValue.nil, [UInt8]([0, 255])) } }
  module.async("tree") { lua in
    let value: LuaValue = try lua.read(1)
    return LuaOperation { value }
  }
  module.async("probe") { _ in LuaOperation { Probe() } }
  module.async("call") { lua in
    let function = try lua.function(1)
    let argument: LuaValue = try lua.read(2)
    let runtime = LuaRuntime.of(lua)
    return LuaOperation { LuaReturn.values(try await runtime.call(function, [argument])) }
  }
  // As the start of a program that goes on by itself.
  module.async("begin") { lua in
    let seconds: Double = try lua.read(1)
    let runtime = LuaRuntime.of(lua)
    return LuaOperation { await runtime.begin(LuaOperation { try await Task.sleep(for: .seconds(seconds)) }) }
  }
  module.function("context") { lua in
    lua.push(lua.taskContext["name"] as? String)
    if lua.type(at: 1) == .string { lua.taskContext["name"] = try lua.read(1, as: String.self) }
    return 1
  }
}

/// What a run left behind.
struct Aftermath: Sendable {
  var unawaited: [LuaError] = []
}

/// Runs a script with the modules `task` and `test` as globals.
@discardableResult
func run(
  _ source: String, name: String = "@t.lua", arguments: [String] = [],
  prepare: @escaping @Sendable (LuaRuntime) async throws -> Void = { _ in }
) throws -> Aftermath {
  let executor = LuaExecutor()
  let aftermath = Mutex(Aftermath())
  return try executor.run {
    let runtime = try LuaRuntime(executor: executor)
    try await runtime.preload("test", testModule)
    await runtime.onUnawaitedError { error in aftermath.withLock { $0.unawaited.append(error) } }
    try await prepare(runtime)
    let result: Result<Void, any Error>
    do {
      _ = try await runtime.evaluate(.source("task = require 'task' test = require 'test'", name: "=setup"))
      result = .success(try await runtime.run(.source(source, name: name), arguments: arguments))
    } catch { result = .failure(error) }
    #expect(await runtime.liveTasks == 0)
    await runtime.close()
    try result.get()
    return aftermath.withLock { $0 }
  }
}

/// Runs a script that must fail and gives its error.
func failure(of source: String, name: String = "@t.lua") throws -> LuaError {
  do { try run(source, name: name) } catch let error as LuaError { return error }
  throw LuaError("the script did not fail")
}
