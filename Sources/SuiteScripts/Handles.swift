import CLua
import CLuaBoundary
import LuaKit
import Suite

/// What a handle stands for.
enum HandleKind: UInt32 {
  /// A list, dict or tuple.
  case node = 1
  /// The base configuration, teuthology's JobConfig: a missing key gives nil.
  case base
  /// What py_attrgetter gives of one of these: its methods.
  case attributes, baseAttributes
  /// A method that is asked for and not yet called.
  case method
  /// The log.
  case log
  /// A date or datetime.
  case date
  /// keys(), values() or items() of a dict.
  case view
  /// What a generic for goes through.
  case iterator
  /// None, where nil would end a loop.
  case none
}

extension ScriptUniverse {
  /// Pushes an object as lupa does.
  /// - Returns: false, with nil pushed, for an integer that Lua has no room for.
  @discardableResult
  func push(_ object: Object, _ raw: OpaquePointer) -> Bool {
    switch object.tag {
    case .none: lua_pushnil(raw)
    case .bool: lua_pushboolean(raw, object.integerValue == 0 ? 0 : 1)
    case .integer: lua_pushinteger(raw, lua_Integer(object.integerValue ?? 0))
    case .float: lua_pushnumber(raw, object.floatValue ?? 0)
    case .bigInteger:
      lua_pushnil(raw)
      return false
    case .text, .binary: LuaState(raw).push(bytes: UnsafeRawBufferPointer(heap.bytes(of: object)))
    case .date, .datetime: pushHandle(raw, .date, object)
    case .list, .dict, .tuple: pushNode(heap.own(object), raw, .node, items)
    }
    return true
  }

  /// Pushes an object, and fails for an integer that Lua has no room for.
  func pushResult(_ object: Object, _ raw: OpaquePointer) throws(PythonError) -> Int32 {
    guard push(object, raw) else { throw PythonError("OverflowError", "the integer is too large for Lua's 64 bits") }
    return 1
  }

  /// Pushes the view of a node's methods.
  func pushAttributes(of object: Object, _ raw: OpaquePointer) {
    pushNode(heap.own(object), raw, .attributes, attributes)
  }

  /// The same node is the same userdata as long as the job lasts. Then the userdata serves the next job: nobody holds it.
  private func pushNode(_ object: Object, _ raw: OpaquePointer, _ kind: HandleKind, _ cache: Int32) {
    let number = lua_Integer(object.number) + 1
    lua_rawgeti(raw, lb_registry(), lua_Integer(cache))
    if lua_rawgeti(raw, -1, number) == LUA_TUSERDATA, let handle = lb_to_handle(raw, -1) {
      handle.pointee.number = UInt32(object.tag.rawValue)
    } else {
      lb_pop(raw, 1)
      pushHandle(raw, kind, object)
      lua_pushvalue(raw, -1)
      lua_rawseti(raw, -3, number)
      keptHandles += 1
    }
    lb_remove(raw, -2)
  }

  func pushHandle(_ raw: OpaquePointer, _ kind: HandleKind, _ object: Object) {
    pushHandle(raw, kind, UInt64(object.number))
    lb_to_handle(raw, -1)?.pointee.number = UInt32(object.tag.rawValue)
  }

  @discardableResult
  func pushHandle(_ raw: OpaquePointer, _ kind: HandleKind, _ value: UInt64) -> UnsafeMutablePointer<lb_handle>? {
    lua_rawgeti(raw, lb_registry(), lua_Integer(handles))
    let handle = lb_push_handle(raw, lua_gettop(raw), kind.rawValue, value)
    lb_remove(raw, -2)
    return handle
  }

  // MARK: From Lua

  func handle(_ raw: OpaquePointer, _ index: Int32) -> (kind: HandleKind, data: UnsafeMutablePointer<lb_handle>)? {
    guard let data = lb_to_handle(raw, index), let kind = HandleKind(rawValue: data.pointee.kind) else { return nil }
    return (kind, data)
  }

  /// The object that a handle of a node, a date, or the methods of one stands for.
  func object(_ handle: UnsafeMutablePointer<lb_handle>) -> Object {
    Object(
      number: UInt32(truncatingIfNeeded: handle.pointee.value), tag: UInt8(truncatingIfNeeded: handle.pointee.number))
  }

  /// The object of a Lua value, as lupa makes it.
  /// - Parameter use: what is to be done with it, for the error: "stored in a job".
  func object(_ raw: OpaquePointer, at index: Int32, to use: String = "be stored in a job") throws(PythonError)
    -> Object
  {
    switch lua_type(raw, index) {
    case LUA_TNIL, LUA_TNONE: return .none
    case LUA_TBOOLEAN: return .bool(lua_toboolean(raw, index) != 0)
    case LUA_TNUMBER:
      if lua_isinteger(raw, index) != 0 { return .integer(Int(lua_tointegerx(raw, index, nil))) }
      return .float(lua_tonumberx(raw, index, nil))
    case LUA_TSTRING: return heap.text(try bytes(raw, index))
    case LUA_TUSERDATA:
      guard let (kind, data) = handle(raw, index) else { break }
      switch kind {
      case .node, .attributes, .date: return object(data)
      case .none: return .none
      case .base, .baseAttributes:
        throw .refused("base_config itself cannot \(use); py_dict(base_config) is a copy that can")
      case .method, .log, .view, .iterator: break
      }
    default: break
    }
    let type = lua_type(raw, index)
    let name = type == LUA_TTABLE ? "a Lua table" : type == LUA_TFUNCTION ? "a function" : "this object"
    let hint = type == LUA_TTABLE ? "; py_dict{...} and py_list make what can" : ""
    throw .refused("\(name) cannot \(use)\(hint)")
  }

  /// The bytes of a Lua string, which Python decodes.
  func bytes(_ raw: OpaquePointer, _ index: Int32) throws(PythonError) -> UnsafeBufferPointer<UInt8> {
    let bytes = LuaState(raw).unsafeBytes(at: index)?.assumingMemoryBound(to: UInt8.self)
    guard let bytes else { return UnsafeBufferPointer(start: nil, count: 0) }
    heap.work += bytes.count / 16
    if bytes.contains(where: { $0 >= 0x80 }), String(validating: bytes, as: UTF8.self) == nil {
      throw PythonError("UnicodeDecodeError", "the string is not UTF-8")
    }
    guard bytes.count <= Self.textLimit else { throw .refused("a text of \(bytes.count) bytes is too long") }
    return bytes
  }

  /// The key that a Lua value is, for looking it up; nil when no key can be it.
  func key(_ raw: OpaquePointer, _ index: Int32) throws(PythonError) -> Object? {
    if lua_type(raw, index) == LUA_TSTRING {
      let bytes = LuaState(raw).unsafeBytes(at: index)?.assumingMemoryBound(to: UInt8.self)
      guard let bytes else { return nil }
      heap.work += bytes.count / 16
      if let text = heap.existingText(bytes) { return text }
      _ = try self.bytes(raw, index)
      return nil
    }
    return try hashable(try object(raw, at: index, to: "be a key"))
  }

  func hashable(_ object: Object) throws(PythonError) -> Object {
    guard heap.isHashable(object) else { throw .type("unhashable type: '\(object.typeName)'") }
    return object
  }

  /// Whether Python takes a Lua value for true.
  func isTrue(_ raw: OpaquePointer, at index: Int32) throws(PythonError) -> Bool {
    switch lua_type(raw, index) {
    case LUA_TNIL, LUA_TNONE: return false
    case LUA_TBOOLEAN: return lua_toboolean(raw, index) != 0
    case LUA_TNUMBER: return lua_tonumberx(raw, index, nil) != 0
    case LUA_TSTRING: return try !bytes(raw, index).isEmpty
    case LUA_TUSERDATA:
      guard let (kind, data) = handle(raw, index) else { return true }
      switch kind {
      case .node, .attributes, .date: return heap.isTrue(object(data))
      case .base, .baseAttributes: return heap.count(context.baseConfig) > 0
      case .view: return heap.count(viewed(data)) > 0
      case .none: return false
      case .method, .log, .iterator: return true
      }
    default: return true
    }
  }
}
