import CLua
import CLuaBoundary
import Synchronization

/// A Lua value held from Swift. It may be dropped on any thread; the registry entry goes the next time the Lua thread
/// makes a reference or asks for it.
public final class LuaReference: Sendable {
  let slot: Int32
  let pool: ReferencePool

  init(slot: Int32, pool: ReferencePool) {
    self.slot = slot
    self.pool = pool
  }

  deinit { pool.drop(slot) }
}

/// The registry entries of one universe that Swift has let go of.
final class ReferencePool: Sendable {
  private struct State {
    var dropped: [Int32] = []
    var closed = false
  }
  private let state = Mutex(State())
  private let hasDropped = Atomic(false)

  func drop(_ slot: Int32) {
    state.withLock { if !$0.closed { $0.dropped.append(slot) } }
    hasDropped.store(true, ordering: .releasing)
  }

  /// After this the slots mean nothing any more.
  func close() {
    state.withLock {
      $0.closed = true
      $0.dropped = []
    }
  }

  func takeDropped() -> [Int32] {
    guard hasDropped.exchange(false, ordering: .acquiring) else { return [] }
    return state.withLock { state in
      defer { state.dropped = [] }
      return state.dropped
    }
  }
}

extension LuaState {
  /// Takes hold of the value at `index`, which stays where it is.
  public func reference(at index: Int32) -> LuaReference {
    collectReferences()
    lua_pushvalue(raw, index)
    return LuaReference(slot: luaL_ref(raw, lb_registry()), pool: storage.references)
  }

  /// Takes hold of the function at argument `index`.
  ///
  /// - Throws: ``ArgumentError`` when it is no function and cannot be called like one.
  public func function(_ index: Int32) throws -> LuaReference {
    if lua_type(raw, index) != LUA_TFUNCTION {
      guard luaL_getmetafield(raw, index, "__call") != LUA_TNIL else {
        throw argumentError(index, LuaMismatch(expected: "function", self, at: index).message)
      }
      pop()
    }
    return reference(at: index)
  }

  /// Pushes the value that is held.
  public func push(_ reference: LuaReference) {
    precondition(reference.pool === storage.references, "a reference into another Lua universe")
    lua_rawgeti(raw, lb_registry(), lua_Integer(reference.slot))
  }

  /// Frees the entries that were dropped since the last time.
  package func collectReferences() {
    for slot in storage.references.takeDropped() { luaL_unref(raw, lb_registry(), slot) }
  }
}
