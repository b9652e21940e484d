public import LuaKit

/// The waiting half of an async binding: what Swift does while the calling Lua coroutine is suspended.
///
/// The first half read the arguments on the Lua thread; this one runs as a Swift task, which a cancelled Lua task
/// cancels and waits for. Its result is pushed on the Lua thread.
public struct LuaOperation: Sendable {
  let body: @Sendable () async throws -> any LuaResult & Sendable

  /// An operation with a result: anything `LuaPushable`, an object included, or `.values([...])`.
  public init<Value: LuaResult & Sendable>(_ body: @escaping @Sendable () async throws -> Value) {
    self.body = { try await body() }
  }

  /// An operation without a result.
  public init(_ body: @escaping @Sendable () async throws -> Void) {
    self.body = {
      try await body()
      return LuaReturn.nothing
    }
  }
}

extension LuaState {
  /// Ends a function by waiting: `return try lua.await(LuaOperation { ... })`.
  ///
  /// - Throws: ``Cancelled`` and ``AwaitError``.
  public func await(_ operation: LuaOperation) throws -> Int32 {
    try Scheduler.of(self).await(operation, from: self)
  }

  /// What the running task carries along, inherited by the tasks it spawns. Outside of tasks it is empty and cannot be
  /// set.
  public var taskContext: [String: any Sendable] {
    get { Scheduler.of(self).current?.context ?? [:] }
    nonmutating set { Scheduler.of(self).current?.context = newValue }
  }
}

extension LuaModule {
  /// A function that waits: reads its arguments at once and returns the operation that its caller waits for.
  public func async(_ name: String, _ begin: @escaping (LuaState) throws -> LuaOperation) {
    function(name) { lua in try lua.await(begin(lua)) }
  }
}

extension LuaClass {
  /// A method that waits. Its arguments begin at index 2.
  public func asyncMethod(_ name: String, _ begin: @escaping (Object, LuaState) throws -> LuaOperation) {
    method(name) { object, lua in try lua.await(begin(object, lua)) }
  }

  /// A close handler that waits; see ``LuaClass/close(_:)``.
  public func close(_ begin: @escaping (Object) -> LuaOperation) {
    close { object, lua in try lua.await(begin(object)) }
  }
}
