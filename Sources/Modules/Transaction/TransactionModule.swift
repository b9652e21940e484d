import Host
import LuaKit
import LuaRuntime
import Synchronization

/// `kdev.transaction`; its functions are documented in transaction.d.lua.
enum TransactionModule: KdevModule {
  static let name = "transaction"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("begin") { lua in
      let options = try environment.options(lua, at: 1, "kdev.transaction.Options", for: "kdev.transaction.begin")
      let name: String = try options.required("name")
      let keep = try options.bool("keep")
      let slot = TransactionSlot(outer: lua.taskContext[TransactionSlot.key] as? TransactionSlot)
      lua.taskContext[TransactionSlot.key] = slot
      return LuaOperation {
        let transaction = try await host.begin(name, keepOnFailure: keep)
        slot.transaction.withLock { $0 = transaction }
        return TransactionObject(transaction, slot)
      }
    }
  }
}

extension LuaState {
  /// The set-up that what is made now belongs to.
  func transaction(of host: LocalHost) -> Transaction {
    (taskContext[TransactionSlot.key] as? TransactionSlot)?.current ?? .none(host)
  }
}

/// Where a task, and those that it starts, find the set-up that they work for; empty before it has begun and after it
/// has ended.
private final class TransactionSlot: Sendable {
  static let key = "kdev.transaction"
  let transaction = Mutex<Transaction?>(nil)
  /// That of the set-up around this one.
  let outer: TransactionSlot?

  init(outer: TransactionSlot?) { self.outer = outer }

  /// The innermost set-up that is open.
  var current: Transaction? { transaction.withLock { $0 } ?? outer?.current }
}

/// `kdev.Transaction`.
final class TransactionObject: LuaObject, Sendable {
  static let luaName = "kdev.Transaction"
  let transaction: Transaction
  private let slot: TransactionSlot

  fileprivate init(_ transaction: Transaction, _ slot: TransactionSlot) {
    self.transaction = transaction
    self.slot = slot
  }

  /// What a task carries along that works for this set-up.
  var context: [String: any Sendable] { [TransactionSlot.key: slot] }
  /// Its block has not been left.
  var isOpen: Bool { slot.transaction.withLock { $0 } === transaction }

  static func define(_ type: LuaClass<TransactionObject>) {
    type.property("name") { $0.transaction.owner }
    // Lua calls __close with the error that left the block, or nil.
    type.close { object, lua in
      let failed = !lua.isNil(at: 2)
      object.slot.transaction.withLock { $0 = nil }
      if lua.taskContext[TransactionSlot.key] as? TransactionSlot === object.slot {
        lua.taskContext[TransactionSlot.key] = object.slot.outer
      }
      return try lua.await(
        LuaOperation {
          // What cannot be undone is said; the error that the script failed with goes on.
          if failed { await object.transaction.rollBack() } else { try await object.transaction.finish() }
        })
    }
    type.tostring { "kdev.Transaction: \($0.transaction.owner)" }
  }
}
