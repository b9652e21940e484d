import CLua
import CLuaBoundary

/// A Swift class whose instances scripts hold as userdata, with methods, fields and `__close`.
///
/// ```swift
/// extension Disk: LuaObject {
///   static let luaName = "kdev.disk"
///   static func define(_ type: LuaClass<Disk>) {
///     type.property("path") { $0.path }
///     type.method("resize") { disk, L in
///       try disk.resize(L.read(2))
///       return 0
///     }
///   }
/// }
/// ```
public protocol LuaObject: AnyObject, LuaPushable, LuaReadable {
  /// The type's name in error messages and `tostring`: "kdev.disk".
  static var luaName: String { get }
  /// Says what scripts can do with an instance; called once per universe, when the first instance is pushed.
  static func define(_ type: LuaClass<Self>)
}

extension LuaObject {
  /// The address of the type's metadata, which is unique and immortal, stands for the type in Lua's registry.
  static var tag: UnsafeRawPointer { unsafeBitCast(Self.self as Any.Type, to: UnsafeRawPointer.self) }

  public func push(onto L: LuaState) {
    Self.pushMetatable(onto: L)
    lb_push_object(L.raw, Unmanaged.passRetained(self as AnyObject).toOpaque(), 1)
  }

  static func pushMetatable(onto L: LuaState) {
    guard lua_checkstack(L.raw, 8) != 0, lua_rawgetp(L.raw, lb_registry(), tag) == LUA_TNIL else { return }
    L.pop()
    let type = LuaClass<Self>(L)
    define(type)
    type.finish()
  }

  public static func read(_ L: LuaState, at index: Int32) throws(LuaMismatch) -> Self {
    guard let object = lb_test_object(L.raw, index, tag) else {
      throw LuaMismatch(expected: luaName, L, at: index)
    }
    return Unmanaged<Self>.fromOpaque(object).takeUnretainedValue()
  }

  /// The instance at `index`, or nil when the value is something else.
  public static func test(_ L: LuaState, at index: Int32) -> Self? {
    lb_test_object(L.raw, index, tag).map { Unmanaged<Self>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// The Lua side of a class while ``LuaObject/define(_:)`` fills it.
public final class LuaClass<Object: LuaObject> {
  private let L: LuaState
  private let metatable: Int32
  private var names: [String] = []

  init(_ L: LuaState) {
    self.L = L
    lb_new_metatable(L.raw, Object.tag)
    metatable = L.top
    L.newTable()  // methods
    L.newTable()  // getters
    L.push(Object.luaName)
    L.rawSet("__name", of: metatable)
    tostring { _ in Object.luaName }
  }

  /// A method: `object:name(...)`. Its arguments begin at index 2.
  public func method(_ name: String, _ body: @escaping (Object, LuaState) throws -> Int32) {
    names.append(name)
    L.push(function: { L in try body(L.read(1), L) })
    L.rawSet(name, of: metatable + 1)
  }

  /// A field that is read: `object.name`.
  public func property<Value: LuaPushable>(_ name: String, _ get: @escaping (Object) throws -> Value) {
    names.append(name)
    L.push(function: { L in
      L.push(try get(L.read(1)))
      return 1
    })
    L.rawSet(name, of: metatable + 2)
  }

  /// What `tostring(object)` gives; the type's name when this is not called.
  public func tostring(_ describe: @escaping (Object) -> String) {
    L.push(function: { L in
      L.push(describe(try L.read(1)))
      return 1
    })
    L.rawSet("__tostring", of: metatable)
  }

  /// What happens when a `<close>` variable that holds the object goes out of scope. It is shielded from cancellation.
  public func close(_ body: @escaping (Object, LuaState) throws -> Int32) {
    L.push(close: { L in try body(L.read(1), L) })
    L.rawSet("__close", of: metatable)
  }

  /// Any other metamethod: "__len", "__call", "__eq".
  public func metamethod(_ name: String, _ body: @escaping (Object, LuaState) throws -> Int32) {
    L.push(function: { L in try body(L.read(1), L) })
    L.rawSet(name, of: metatable)
  }

  func finish() {
    L.storage.fieldNames[Object.luaName] = names
    lb_push_index(L.raw)
    L.rawSet("__index", of: metatable)
    L.push(cFunction: raiseAssignment)
    L.rawSet("__newindex", of: metatable)
    L.pushCopy(at: -1)
    lua_rawsetp(L.raw, lb_registry(), Object.tag)
  }
}

/// A script asked an object for a field that its type does not have.
public struct UnknownFieldError: LuaErrorFields {
  public var kind: String { "field" }
  public let message: String
}

let raiseUnknownField: @convention(c) (OpaquePointer?) -> Int32 = { raw in
  guard let raw else { return 0 }
  let L = LuaState(raw)
  let type = L.typeName(at: 1)
  let name = L.describe(at: 2)
  var message = "\(type) has no field '\(name)'"
  if let near = Suggestion.nearest(to: name, in: L.storage.fieldNames[type] ?? []) {
    message += "; did you mean '\(near)'?"
  }
  L.push(error: UnknownFieldError(message: message))
  return LB_ERROR
}

private let raiseAssignment: lb_function = { raw in
  guard let raw else { return 0 }
  let L = LuaState(raw)
  L.push(
    error: UnknownFieldError(
      message: "cannot set field '\(L.describe(at: 2))': a \(L.typeName(at: 1)) cannot be changed by assignment"))
  return LB_ERROR
}
