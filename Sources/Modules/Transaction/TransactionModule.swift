import Host
import LuaKit
import LuaRuntime

/// `kdev.transaction`; its functions are documented in transaction.d.lua.
enum TransactionModule: KdevModule {
  static let name = "transaction"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("begin") { L in
      let options = try environment.options(L, at: 1, "kdev.transaction.Options", for: "kdev.transaction.begin")
      let name: String = try options.required("name")
      let keep = try options.bool("keep")
      // Put into the task's context when it is pushed: on the Lua thread, in the task that waited.
      return LuaOperation { OpenedTransaction(TransactionObject(try await host.begin(name, keepOnFailure: keep))) }
    }
  }
}

extension LuaState {
  private static let key = "kdev.transaction"

  /// The set-up that what is made now belongs to.
  func transaction(of host: LocalHost) -> Transaction { taskContext[Self.key] as? Transaction ?? .none(host) }

  func setTransaction(_ transaction: Transaction?) { taskContext[Self.key] = transaction }
}

/// A set-up that has begun: what the task makes from now on belongs to it.
private struct OpenedTransaction: LuaResult, Sendable {
  let object: TransactionObject
  init(_ object: TransactionObject) { self.object = object }

  func pushResults(onto L: LuaState) -> Int32 {
    L.setTransaction(object.transaction)
    return object.pushResults(onto: L)
  }
}

/// `kdev.Transaction`.
final class TransactionObject: LuaObject, Sendable {
  static let luaName = "kdev.Transaction"
  let transaction: Transaction

  init(_ transaction: Transaction) { self.transaction = transaction }

  static func define(_ type: LuaClass<TransactionObject>) {
    type.property("name") { $0.transaction.owner }
    // Lua calls __close with the error that left the block, or nil.
    type.close { object, L in
      let failed = !L.isNil(at: 2)
      L.setTransaction(nil)
      return try L.await(
        LuaOperation {
          guard failed else { return try object.transaction.commit() }
          if let error = await object.transaction.rollBack().first { throw error }
        })
    }
    type.tostring { "kdev.Transaction: \($0.transaction.owner)" }
  }
}
