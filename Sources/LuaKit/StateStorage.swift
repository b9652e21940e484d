package import CLuaBoundary

/// What LuaKit keeps beside a Lua universe; touched only on the thread that owns it, save the pool.
package final class StateStorage {
  /// The registry entries that Swift holds.
  let references = ReferencePool()
  /// The traceback of the last error that no handler of ours has taken, and the address of its value.
  var lastTraceback: (value: UnsafeRawPointer?, text: String)?
  /// What the scheduler knows of an error's way before it came to this thread.
  package var earlierTraceback: ((UnsafeRawPointer) -> String?)?
  /// The last field that a script asked a module for and that it does not have.
  var lastMiss: ModuleMiss?
  /// The names a person may have meant, per type of object.
  var fieldNames: [String: [String]] = [:]
}

/// A field that a module does not have, and those that it has.
struct ModuleMiss {
  let module: String
  let field: String
  let names: [String]

  /// What to say of it to somebody who used it for what it is not.
  var text: String {
    let near = Suggestion.nearest(to: field, in: names.sorted())
    return "\(module) has no field '\(field)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
  }
}

extension LuaState {
  /// The universe's host block; every state that ``make()`` made has one.
  package var host: UnsafeMutablePointer<lb_host> {
    guard let host = lb_host_of(raw) else { preconditionFailure("a lua_State that LuaState.make() did not make") }
    return host
  }

  package var storage: StateStorage {
    guard let pointer = host.pointee.registry else { preconditionFailure("a Lua state without its storage") }
    return Unmanaged<StateStorage>.fromOpaque(pointer).takeUnretainedValue()
  }
}
