import CLua
import CLuaBoundary

/// What a Swift error is inside Lua: a userdata with fields, `__name` "kdev.error".
final class ErrorObject {
  let error: any Error
  let location: String
  var traceback: String?
  /// The traceback ends where another task waited for the one that failed; the next one goes on from there.
  var crossedTasks = false

  init(_ error: any Error, location: String, traceback: String? = nil) {
    self.error = error
    self.location = location
    self.traceback = traceback
  }

  var message: String {
    if let error = error as? LuaError { return error.message }
    if let error = error as? any LuaErrorFields { return error.message }
    return String(describing: error)
  }

  var text: String { (error as? any LuaErrorFields)?.text ?? message }

  var kind: String {
    if error is LuaError { return "error" }
    if let error = error as? any LuaErrorFields { return error.kind }
    return String(describing: Swift.type(of: error))
  }

  static let name = "kdev.error"
  /// The address of its metadata stands for the type.
  static var tag: UnsafeRawPointer { unsafeBitCast(ErrorObject.self as Any.Type, to: UnsafeRawPointer.self) }
}

extension LuaState {
  /// Pushes a Swift error as the value to raise, and so ends a function with an error:
  /// a ``LuaError`` that Lua raised as what it was there, everything else as an error object.
  package func push(error: any Error) {
    guard let error = error as? LuaError else {
      return pushErrorObject(ErrorObject(error, location: location()))
    }
    switch error.origin {
    case .bytes(let bytes): push(bytes: bytes)
    case .value(let reference): push(reference)
    case .swift, .passage:
      let location = error.location.isEmpty ? self.location() : error.location
      let passenger: (any Error)? = if case .passage = error.origin { error.underlying } else { nil }
      pushErrorObject(ErrorObject(passenger ?? error, location: location, traceback: error.traceback))
    }
  }

  /// Pushes an error for a task that waited for another: its traceback goes on with the waiter's.
  package func push(error: any Error, awaitedAt location: String) {
    var error = error
    if var known = error as? LuaError {
      if known.location.isEmpty { known.location = location }
      error = known
    } else {
      return pushErrorObject(ErrorObject(error, location: location))
    }
    push(error: error)
    markCrossed(at: -1)
  }

  /// Notes that the error object at `index`, if it is one, goes from one task to another.
  package func markCrossed(at index: Int32) { errorObject(at: index)?.crossedTasks = true }

  private func pushErrorObject(_ object: ErrorObject) {
    if lua_rawgetp(raw, lb_registry(), ErrorObject.tag) == LUA_TNIL {
      pop()
      pushErrorMetatable()
    }
    lb_push_object(raw, Unmanaged.passRetained(object).toOpaque(), 0)
  }

  private func pushErrorMetatable() {
    lb_new_metatable(raw, ErrorObject.tag)
    push(ErrorObject.name)
    rawSet("__name", of: -2)
    push(cFunction: errorToString)
    rawSet("__tostring", of: -2)
    push(cFunction: errorConcat)
    rawSet("__concat", of: -2)
    push(cFunction: errorIndex)
    rawSet("__index", of: -2)
    pushCopy(at: -1)
    lua_rawsetp(raw, lb_registry(), ErrorObject.tag)
  }

  func errorObject(at index: Int32) -> ErrorObject? {
    guard let object = lb_test_object(raw, index, ErrorObject.tag) else { return nil }
    return Unmanaged<ErrorObject>.fromOpaque(object).takeUnretainedValue()
  }

  /// The Swift error inside the error object at `index`, if it is one.
  public func error(at index: Int32) -> (any Error)? { errorObject(at: index)?.error }

  /// Pops the value that a call or a task failed with.
  package func popError() -> LuaError {
    defer { pop() }
    if let object = errorObject(at: -1) {
      var error = LuaError(message: object.message, origin: .passage)
      error.underlying = object.error
      if let own = object.error as? LuaError { error = own }
      error.location = object.location
      error.traceback = object.traceback
      return error
    }
    let traceback = takeTraceback(of: lua_topointer(raw, -1))
    var error: LuaError
    if lua_type(raw, -1) == LUA_TSTRING {
      let bytes = withBytes(at: -1) { Array($0) } ?? []
      error = LuaError(message: String(decoding: bytes, as: UTF8.self), origin: .bytes(bytes))
    } else {
      error = LuaError(message: describe(at: -1), origin: .value(reference(at: -1)))
    }
    error.traceback = traceback
    return error
  }
}

private let errorToString: lb_function = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  guard let object = lua.errorObject(at: 1) else { return 0 }
  lua.push(object.location + object.text)
  return 1
}

/// `"failed: " .. err`, which every script writes.
private let errorConcat: lb_function = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  lua.push(lua.describe(at: 1) + lua.describe(at: 2))
  return 1
}

private let errorIndex: lb_function = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  guard let object = lua.errorObject(at: 1), let name = lua.string(at: 2) else { return 0 }
  let fields = object.error as? any LuaErrorFields
  switch name {
  case "kind": lua.push(object.kind)
  case "message": lua.push(object.message)
  case "location": lua.push(object.location)
  case "traceback": lua.push(object.traceback)
  case "cause":
    if let cause = fields?.cause ?? (object.error as? LuaError)?.underlying {
      lua.push(error: cause)
    } else {
      lua.push(fields?.field(name) ?? .nil)
    }
  default: lua.push(fields?.field(name) ?? .nil)
  }
  return 1
}
