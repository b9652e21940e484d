import CLua
import CLuaBoundary

/// A Swift class whose instances scripts hold as userdata, with methods, fields and `__close`.
///
/// ```swift
/// extension Disk: LuaObject {
///   static let luaName = "kdev.disk"
///   static func define(_ type: LuaClass<Disk>) {
///     type.property("path") { $0.path }
///     type.method("resize") { disk, lua in
///       try disk.resize(lua.read(2))
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

  public func push(onto lua: LuaState) {
    Self.pushMetatable(onto: lua)
    lb_push_object(lua.raw, Unmanaged.passRetained(self as AnyObject).toOpaque(), 1)
  }

  static func pushMetatable(onto lua: LuaState) {
    guard lua_checkstack(lua.raw, 8) != 0, lua_rawgetp(lua.raw, lb_registry(), tag) == LUA_TNIL else { return }
    lua.pop()
    let type = LuaClass<Self>(lua)
    define(type)
    type.finish()
  }

  public static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> Self {
    guard let object = lb_test_object(lua.raw, index, tag) else {
      throw LuaMismatch(expected: luaName, lua, at: index)
    }
    return Unmanaged<Self>.fromOpaque(object).takeUnretainedValue()
  }

  /// The instance at `index`, or nil when the value is something else.
  public static func test(_ lua: LuaState, at index: Int32) -> Self? {
    lb_test_object(lua.raw, index, tag).map { Unmanaged<Self>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// The Lua side of a class while ``LuaObject/define(_:)`` fills it.
public final class LuaClass<Object: LuaObject> {
  private let lua: LuaState
  private let metatable: Int32
  private var names: [String] = []
  private var hasOwnIndex = false

  init(_ lua: LuaState) {
    self.lua = lua
    lb_new_metatable(lua.raw, Object.tag)
    metatable = lua.top
    lua.newTable()  // methods
    lua.newTable()  // getters
    lua.push(Object.luaName)
    lua.rawSet("__name", of: metatable)
    tostring { _ in Object.luaName }
  }

  /// A method: `object:name(...)`. Its arguments begin at index 2.
  public func method(_ name: String, _ body: @escaping (Object, LuaState) throws -> Int32) {
    names.append(name)
    lua.push(function: { lua in try body(lua.read(1), lua) })
    lua.rawSet(name, of: metatable + 1)
  }

  /// A field that is read: `object.name`.
  public func property<Value: LuaPushable>(_ name: String, _ get: @escaping (Object) throws -> Value) {
    names.append(name)
    lua.push(function: { lua in
      lua.push(try get(lua.read(1)))
      return 1
    })
    lua.rawSet(name, of: metatable + 2)
  }

  /// What `object[key]` gives, for objects whose fields show only as the program runs, in place of methods and properties. It
  /// may wait.
  public func index(_ body: @escaping (Object, LuaState) throws -> Int32) {
    metamethod("__index", body)
    hasOwnIndex = true
  }

  /// What `tostring(object)` gives; the type's name when this is not called.
  public func tostring(_ describe: @escaping (Object) -> String) {
    lua.push(function: { lua in
      lua.push(describe(try lua.read(1)))
      return 1
    })
    lua.rawSet("__tostring", of: metatable)
  }

  /// What happens when a `<close>` variable that holds the object goes out of scope. It is shielded from cancellation.
  public func close(_ body: @escaping (Object, LuaState) throws -> Int32) {
    lua.push(close: { lua in try body(lua.read(1), lua) })
    lua.rawSet("__close", of: metatable)
  }

  /// Any other metamethod: "__len", "__call", "__eq".
  public func metamethod(_ name: String, _ body: @escaping (Object, LuaState) throws -> Int32) {
    lua.push(function: { lua in try body(lua.read(1), lua) })
    lua.rawSet(name, of: metatable)
  }

  func finish() {
    lua.storage.fieldNames[Object.luaName] = names
    if hasOwnIndex {
      lua.pop(2)
    } else {
      lb_push_index(lua.raw)
      lua.rawSet("__index", of: metatable)
    }
    lua.push(cFunction: raiseAssignment)
    lua.rawSet("__newindex", of: metatable)
    lua.pushCopy(at: -1)
    lua_rawsetp(lua.raw, lb_registry(), Object.tag)
  }
}

/// A script asked an object for a field that its type does not have.
public struct UnknownFieldError: LuaErrorFields {
  public var kind: String { "field" }
  public let message: String
}

let raiseUnknownField: @convention(c) (OpaquePointer?) -> Int32 = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  let type = lua.typeName(at: 1)
  let name = lua.describe(at: 2)
  var message = "\(type) has no field '\(name)'"
  if let near = Suggestion.nearest(to: name, in: lua.storage.fieldNames[type] ?? []) {
    message += "; did you mean '\(near)'?"
  }
  lua.push(error: UnknownFieldError(message: message))
  return LB_ERROR
}

private let raiseAssignment: lb_function = { raw in
  guard let raw else { return 0 }
  let lua = LuaState(raw)
  lua.push(
    error: UnknownFieldError(
      message: "cannot set field '\(lua.describe(at: 2))': a \(lua.typeName(at: 1)) cannot be changed by assignment"))
  return LB_ERROR
}
