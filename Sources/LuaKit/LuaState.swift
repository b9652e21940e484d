import CLua
import CLuaBoundary

/// A Lua thread (`lua_State *`) as Swift sees it.
///
/// It is a pointer with a face: copying it costs nothing, and it is valid as long as Lua keeps the thread. It is not
/// `Sendable`, so the compiler keeps it on the thread that owns the Lua universe. No member lets a Lua error cross a
/// Swift frame: what may raise in Lua throws in Swift.
public struct LuaState {
  /// The C pointer, for API that has no face here. Call only what cannot raise.
  public let raw: OpaquePointer

  /// Wraps a pointer that Lua handed to a C function.
  @inlinable @inline(__always)
  public init(_ raw: OpaquePointer) { self.raw = raw }

  /// Makes a Lua universe with the standard libraries.
  ///
  /// - Returns: Its main thread, to be given back with ``close()``.
  /// - Throws: ``LuaError`` when there is no memory for it.
  public static func make() throws(LuaError) -> LuaState { try make(from: lb_new_state) }

  static func make(from new: () -> OpaquePointer?) throws(LuaError) -> LuaState {
    _ = releaseIsSet
    guard let raw = new() else { throw LuaError("not enough memory for a Lua state") }
    let lua = LuaState(raw)
    let host = lb_host_of(raw)
    host?.pointee.registry = Unmanaged.passRetained(StateStorage()).toOpaque()
    host?.pointee.raised = noteTraceback
    host?.pointee.unknown_field = raiseUnknownField
    host?.pointee.limited = pushLimitError
    return lua
  }

  /// Closes the universe: runs finalizers and drops every Swift object that Lua held.
  public func close() {
    let storage = self.storage
    lb_close_state(raw)
    storage.references.close()
    Unmanaged.passUnretained(storage).release()
  }

  // MARK: The stack

  /// Makes sure that `count` more values can be pushed. Every function has room for 20 without asking.
  ///
  /// - Throws: ``LuaError`` when the stack would grow beyond Lua's limit.
  public func ensureStack(_ count: Int32) throws(LuaError) {
    guard lua_checkstack(raw, count) != 0 else { throw LuaError("stack overflow") }
  }

  /// The name of the value's type as error messages have it: the `__name` of its metatable, else Lua's own.
  public func typeName(at index: Int32) -> String {
    let code = lua_type(raw, index)
    if code == LUA_TNONE { return "no value" }
    if code == LUA_TLIGHTUSERDATA { return "light userdata" }
    if luaL_getmetafield(raw, index, "__name") != LUA_TNIL {
      defer { pop() }
      if let name = string(at: -1) { return name }
    }
    return String(cString: lua_typename(raw, code))
  }

  /// The bytes of the string at `index` as text, or nil when the value is no string. Numbers are not converted.
  public func string(at index: Int32) -> String? {
    guard lua_type(raw, index) == LUA_TSTRING else { return nil }
    var count = 0
    guard let bytes = lua_tolstring(raw, index, &count) else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  /// What `tostring()` gives for the value at `index`, metamethods included; never fails.
  public func describe(at index: Int32) -> String {
    let name = typeName(at: index)
    let status = lb_tolstring(raw, index)
    defer { pop() }
    return status == LUA_OK ? string(at: -1) ?? name : "(a \(name) value)"
  }

  /// Whether an await can suspend the running function: false in the main thread and under a C function that cannot be
  /// suspended.
  public var isYieldable: Bool { lua_isyieldable(raw) != 0 }

  /// Reads an argument of the function that runs.
  ///
  /// - Parameters:
  ///   - index: The argument's number, from 1.
  ///   - type: What to read it as; inferred from the use.
  /// - Throws: ``ArgumentError``, which names the function and the argument as Lua's own library does.
  @inlinable
  public func read<Value: LuaReadable>(_ index: Int32, as type: Value.Type = Value.self) throws -> Value {
    do { return try Value.read(self, at: index) } catch { throw argumentError(index, error.message) }
  }
}

private let releaseIsSet: Void = lb_set_release { object in
  guard let object else { return }
  Unmanaged<AnyObject>.fromOpaque(object).release()
}
