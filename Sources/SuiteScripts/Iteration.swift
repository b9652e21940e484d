import CLua
import CLuaBoundary
import LuaKit
import Suite

/// py_enumerate and py_iterex: what a generic `for` goes through.
enum Iteration {
  /// `for i, v in py_enumerate(list)`: from 0, or from the second argument.
  static func enumerate(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard universe.handle(raw, 1) != nil else { throw notPython(universe, raw, "py_enumerate") }
    var start = 0
    if lua_type(raw, 2) != LUA_TNIL, lua_type(raw, 2) != LUA_TNONE {
      var isNumber: Int32 = 0
      start = Int(lua_tointegerx(raw, 2, &isNumber))
      guard isNumber != 0 else { throw .type("bad argument #2 to 'py_enumerate' (number expected)") }
    }
    return try begin(universe, raw) { raw, universe in
      ScriptCall.enter(raw, universe, Iteration.nextNumbered)
    } configure: {
      $0.pointee.count = Int64(start)
    }
  }

  /// `for k, v in py_iterex(py_attrgetter(dict).items())`: a tuple gives its items one by one.
  static func explode(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard universe.handle(call.raw, 1) != nil else { throw notPython(universe, call.raw, "py_iterex") }
    return try begin(universe, call.raw) { raw, universe in
      ScriptCall.enter(raw, universe, Iteration.nextExploded)
    } configure: { _ in
    }
  }

  private static func notPython(_ universe: ScriptUniverse, _ raw: OpaquePointer, _ name: String) -> PythonError {
    .type("bad argument #1 to '\(name)' (Python object expected, got \(LuaState(raw).typeName(at: 1)))")
  }

  /// Pushes a function, the iterator and nil. An iterator has the node in `value` and how many items it had in the bits
  /// above, its type in `number` and a view's kind in the bits above, and in `count` the number of the first item.
  private static func begin(
    _ universe: ScriptUniverse, _ raw: OpaquePointer, _ next: @escaping lb_bound,
    configure: (UnsafeMutablePointer<lb_handle>) -> Void
  ) throws(PythonError) -> Int32 {
    guard let (kind, data) = universe.handle(raw, 1) else { return 0 }
    let object: Object
    var view = ViewKind.none
    switch kind {
    case .node, .attributes: object = universe.object(data)
    case .base, .baseAttributes: object = universe.context.baseConfig
    case .view:
      object = universe.viewed(data)
      view = ViewKind(rawValue: data.pointee.number + 1) ?? .none
    case .iterator:
      lua_pushvalue(raw, 1)
      lb_push_bound(raw, Unmanaged.passUnretained(universe).toOpaque(), next)
      lb_insert(raw, -2)
      lua_pushnil(raw)
      return 3
    default: throw .type("'\(ItemAccess.typeName(universe, kind, data))' object is not iterable")
    }
    guard object.isContainer else { throw .type("'\(object.typeName)' object is not iterable") }
    lb_push_bound(raw, Unmanaged.passUnretained(universe).toOpaque(), next)
    let count = UInt64(universe.heap.count(object))
    if let handle = universe.pushHandle(raw, .iterator, UInt64(object.number) | count << 32) {
      handle.pointee.number = UInt32(object.tag.rawValue) | view.rawValue << 8
      handle.pointee.position = 0
      handle.pointee.count = 0
      configure(handle)
    }
    lua_pushnil(raw)
    return 3
  }

  enum ViewKind: UInt32 { case none, keys, values, items }

  /// The next item, or the pair of a view of items; nil at the end.
  private static func step(
    _ universe: ScriptUniverse, _ handle: UnsafeMutablePointer<lb_handle>
  ) throws(PythonError) -> (first: Object, second: Object?)? {
    let heap = universe.heap
    let object = Object(
      number: UInt32(truncatingIfNeeded: handle.pointee.value), tag: UInt8(truncatingIfNeeded: handle.pointee.number))
    let place = Int(handle.pointee.position)
    let count = heap.count(object)
    if object.tag == .dict, count != Int(handle.pointee.value >> 32) {
      throw PythonError("RuntimeError", "dictionary changed size during iteration")
    }
    guard place < count else {
      // A list that grows later is not gone on with.
      handle.pointee.position = Int64.max
      return nil
    }
    handle.pointee.position += 1
    guard object.tag == .dict else { return (heap.item(object, at: place), nil) }
    switch ViewKind(rawValue: handle.pointee.number >> 8) ?? .none {
    case .none, .keys: return (heap.key(object, at: place), nil)
    case .values: return (heap.value(object, at: place), nil)
    case .items: return (heap.key(object, at: place), heap.value(object, at: place))
    }
  }

  private static func nextNumbered(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, handle) = universe.handle(raw, 1), kind == .iterator else { throw .type("not an iterator") }
    let place = Int(handle.pointee.position)
    guard let (first, second) = try step(universe, handle) else {
      lua_pushnil(raw)
      return 1
    }
    let (number, overflow) = place.addingReportingOverflow(Int(handle.pointee.count))
    guard !overflow else { throw PythonError("OverflowError", "the integer is too large for Lua's 64 bits") }
    lua_pushinteger(raw, lua_Integer(number))
    let item = second.map { universe.heap.makeTuple([first, $0]) } ?? first
    return try universe.pushResult(item, raw) + 1
  }

  private static func nextExploded(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, handle) = universe.handle(raw, 1), kind == .iterator else { throw .type("not an iterator") }
    guard let (first, second) = try step(universe, handle) else {
      lua_pushnil(raw)
      return 1
    }
    if let second { return try push(universe, raw, [first, second]) }
    guard first.tag == .tuple else { return try push(universe, raw, [first]) }
    return try push(universe, raw, (0..<universe.heap.count(first)).map { universe.heap.item(first, at: $0) })
  }

  /// Pushes several results, of which the first must not be nil: that would end the loop.
  private static func push(
    _ universe: ScriptUniverse, _ raw: OpaquePointer, _ items: [Object]
  ) throws(PythonError) -> Int32 {
    guard lua_checkstack(raw, Int32(clamping: items.count + 8)) != 0 else {
      throw .refused("a tuple of \(items.count) items is too long")
    }
    for (place, item) in items.enumerated() {
      if place == 0, item.isNone {
        universe.pushHandle(raw, .none, UInt64(0))
      } else {
        _ = try universe.pushResult(item, raw)
      }
    }
    return Int32(items.count)
  }
}

extension ScriptUniverse {
  /// The dict of a view.
  func viewed(_ data: UnsafeMutablePointer<lb_handle>) -> Object {
    Object(number: UInt32(truncatingIfNeeded: data.pointee.value), tag: Object.Tag.dict.rawValue)
  }

  /// An item of a view.
  func viewItem(_ data: UnsafeMutablePointer<lb_handle>, _ place: Int) -> Object {
    let dict = viewed(data)
    heap.work += 1
    return switch data.pointee.number {
    case 0: heap.key(dict, at: place)
    case 1: heap.value(dict, at: place)
    default: heap.makeTuple([heap.key(dict, at: place), heap.value(dict, at: place)])
    }
  }

  /// `str(view)`.
  func viewText(_ data: UnsafeMutablePointer<lb_handle>) -> String {
    let items = (0..<heap.count(viewed(data))).map { viewItem(data, $0) }
    let name = ["dict_keys", "dict_values", "dict_items"][Int(data.pointee.number)]
    return "\(name)(\(heap.pythonText(heap.makeList(items))))"
  }
}
