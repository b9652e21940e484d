import CLua
public import CLuaBoundary

/// A Swift function that Lua calls: reads its arguments at 1, 2, ..., pushes its results and returns how many.
public typealias LuaBody = (LuaState) throws -> Int32

extension LuaState {
  /// What a C-level function returns to say that the coroutine waits; only the scheduler has a use for it.
  package static var await: Int32 { LB_AWAIT }

  /// What a C-level function returns to raise the value on top.
  package static var error: Int32 { LB_ERROR }

  /// Pushes a Swift closure as a Lua function. Lua keeps it alive.
  public func push(function body: @escaping LuaBody) {
    lb_push_closure(raw, Unmanaged.passRetained(LuaClosure(body)).toOpaque(), callBody)
  }

  /// Pushes a function without a context: the cheapest call there is. It must not throw, and says with its own code
  /// what it returns.
  public func push(cFunction: @escaping lb_function) { lb_push_function(raw, cFunction) }

  /// Pushes a closure for `__close`: while it runs, its task is shielded from cancellation.
  func push(close body: @escaping LuaBody) {
    lb_push_close(raw, Unmanaged.passRetained(LuaClosure(body)).toOpaque(), callBody)
  }
}

/// The box that carries a Swift closure through C.
final class LuaClosure {
  let body: LuaBody
  init(_ body: @escaping LuaBody) { self.body = body }
}

private let callBody: lb_closure = { raw, object in
  guard let raw, let object else { return 0 }
  let lua = LuaState(raw)
  // Unretained: the userdata that is the C closure's upvalue keeps the box alive during the call.
  do { return try Unmanaged<LuaClosure>.fromOpaque(object)._withUnsafeGuaranteedRef { try $0.body(lua) } } catch {
    lua.push(error: error)
    return LB_ERROR
  }
}

/// Several results of one function.
public struct LuaReturn: LuaResult, Sendable {
  let values: [any LuaPushable & Sendable]

  /// Gives back each of the values as one result.
  public init(_ values: any LuaPushable & Sendable...) { self.values = values }
  /// Gives back each of the values as one result.
  public init(values: [any LuaPushable & Sendable]) { self.values = values }

  public func pushResults(onto lua: LuaState) -> Int32 {
    guard lua_checkstack(lua.raw, Int32(clamping: values.count)) != 0 else { return 0 }
    for value in values { value.push(onto: lua) }
    return Int32(values.count)
  }
}

extension LuaResult where Self == LuaReturn {
  /// Each of the trees as one result.
  public static func values(_ values: [LuaValue]) -> LuaReturn { LuaReturn(values: values) }
  /// No result.
  public static var nothing: LuaReturn { LuaReturn(values: []) }
}
