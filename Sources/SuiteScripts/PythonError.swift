import CLua
import CLuaBoundary
import LuaKit
import Suite

/// What Python raises in teuthology. No script can catch it, so its text is for people.
struct PythonError: Error {
  let message: String

  init(_ type: String, _ message: String) { self.message = "\(type): \(message)" }

  static func type(_ message: String) -> PythonError { PythonError("TypeError", message) }
  static func attribute(_ typeName: String, _ name: String) -> PythonError {
    if name.hasPrefix("_") { return refused("'\(name)' is none of the names that scripts may use") }
    return PythonError("AttributeError", "'\(typeName)' object has no attribute '\(name)'")
  }
  static func index(_ message: String) -> PythonError { PythonError("IndexError", message) }
  static func value(_ message: String) -> PythonError { PythonError("ValueError", message) }

  /// What teuthology lets through, and this sandbox does not.
  static func refused(_ message: String) -> PythonError { PythonError("refused", message) }
}

/// A call from a script: the arguments begin at index 1.
struct ScriptCall {
  let raw: OpaquePointer

  var count: Int32 { lua_gettop(raw) }

  /// Runs the body of a function that Lua calls, and raises what it throws at the place of the caller.
  static func enter(
    _ raw: OpaquePointer?, _ context: UnsafeMutableRawPointer?,
    _ body: (ScriptUniverse, ScriptCall) throws(PythonError) -> Int32
  ) -> Int32 {
    guard let raw, let context else { return 0 }
    let universe = Unmanaged<ScriptUniverse>.fromOpaque(context).takeUnretainedValue()
    do throws(PythonError) {
      let results = try body(universe, ScriptCall(raw: raw))
      try universe.checkLimits()
      return results
    } catch {
      // What was given up says anything.
      let error = universe.excess ?? error
      luaL_where(raw, 1)
      LuaState(raw).push(error.message)
      lua_concat(raw, 2)
      return LuaState.error
    }
  }
}

extension ScriptUniverse {
  /// The error of what the script has used up; nil when it may go on.
  var excess: PythonError? {
    switch heap.excess {
    case nil: nil
    case .memory: .refused("the job needs more memory than it may have")
    case .work: .refused("the script runs too long")
    }
  }

  func checkLimits() throws(PythonError) {
    if let excess { throw excess }
  }

  /// To be called before so many items are made at once.
  func expect(items: Int) throws(PythonError) {
    heap.work += items
    guard heap.hasRoom(for: items * 2) else { throw .refused("the job needs more memory than it may have") }
    try checkLimits()
  }
}
