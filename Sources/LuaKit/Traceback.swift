import CLua
import CLuaBoundary
import Glibc

extension LuaState {
  /// The calls that lead to `level`, one a line, the innermost first. C functions are left out unless the environment
  /// has KDEVLUA_TRACE=full.
  ///
  /// - Parameter thread: Whose calls; this thread's by default.
  public func traceback(of thread: LuaState? = nil, level: Int32 = 0) -> String {
    guard lua_checkstack(raw, 10) != 0 else { return "" }
    luaL_traceback(raw, (thread ?? self).raw, nil, level)
    defer { pop() }
    let text = string(at: -1) ?? ""
    guard !Traceback.isFull else { return text }
    let lines = text.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("\t[C]:") }
    return lines.isEmpty ? "" : "stack traceback:\n" + lines.joined(separator: "\n")
  }

  /// Takes the traceback that was noted when the value at that address was raised.
  package func takeTraceback(of value: UnsafeRawPointer?) -> String? {
    let last = storage.lastTraceback
    storage.lastTraceback = nil
    guard let last, last.value == value else { return nil }
    return last.text
  }
}

enum Traceback {
  static let isFull = getenv("KDEVLUA_TRACE").map { String(cString: $0) == "full" } ?? false

  /// The traceback below what is known of the error at the top: a module's field that is nil was perhaps misspelt.
  static func explained(_ lua: LuaState, _ traceback: String) -> String {
    guard let miss = lua.storage.lastMiss, let message = lua.string(at: -1),
      ["field", "method"].contains(where: { message.hasSuffix("a nil value (\($0) '\(miss.field)')") })
    else { return traceback }
    return "  " + miss.text + (traceback.isEmpty ? "" : "\n" + traceback)
  }

  /// What stands between the traceback of a task and that of the one that waited for it.
  static func join(_ inner: String, _ outer: String) -> String {
    guard !outer.isEmpty else { return inner }
    let header = "stack traceback:\n"
    let rest = outer.hasPrefix(header) ? String(outer.dropFirst(header.count)) : outer
    return inner.isEmpty ? outer : "\(inner)\nawaited from:\n\(rest)"
  }
}

/// Runs where an error was raised, before anything is unwound. Only handlers at the outer end of Swift's calls and of
/// tasks do this: a traceback costs ten times what raising and catching an error does.
let noteTraceback: @convention(c) (OpaquePointer?) -> Int32 = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  let storage = lua.storage
  if let object = lua.errorObject(at: -1) {
    if object.traceback == nil || object.crossedTasks {
      object.traceback = Traceback.join(object.traceback ?? "", lua.traceback(level: 1))
      object.crossedTasks = false
    }
  } else {
    let value = lua_topointer(raw, -1)
    let earlier = value.flatMap { storage.earlierTraceback?($0) } ?? ""
    let here = Traceback.join(earlier, lua.traceback(level: 1))
    storage.lastTraceback = (value, earlier.isEmpty ? Traceback.explained(lua, here) : here)
  }
  return 0
}
