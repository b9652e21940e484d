import CLua
import CLuaBoundary
import LuaKit
import Suite

/// The functions of Python that scripts have.
///
/// As through lupa, a single Lua table is one argument: `py_list{"a"}` is the list of the table's keys, `[1]`, and
/// `py_dict{a = 1}` the dict of its pairs.
enum PythonBuiltins {
  static let functions: [(String, lb_bound)] = [
    ("py_dict", { ScriptCall.enter($0, $1, PythonBuiltins.dict) }),
    ("py_list", { ScriptCall.enter($0, $1, PythonBuiltins.list) }),
    ("py_tuple", { ScriptCall.enter($0, $1, PythonBuiltins.tuple) }),
    ("py_len", { ScriptCall.enter($0, $1, PythonBuiltins.length) }),
    ("py_attrgetter", { ScriptCall.enter($0, $1, PythonBuiltins.attributes) }),
    ("py_itemgetter", { ScriptCall.enter($0, $1, PythonBuiltins.items) }),
    ("py_enumerate", { ScriptCall.enter($0, $1, Iteration.enumerate) }),
    ("py_iterex", { ScriptCall.enter($0, $1, Iteration.explode) }),
  ]

  static let deepMerge: lb_bound = { ScriptCall.enter($0, $1, PythonBuiltins.deepMerge) }
  static let yamlLoad: lb_bound = { ScriptCall.enter($0, $1, PythonBuiltins.yamlLoad) }

  // MARK: Constructors

  private static func dict(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard call.count <= 1 else { throw .type("dict expected at most 1 argument, got \(call.count)") }
    let dict = universe.heap.makeDict()
    if call.count == 1 { try update(universe, call.raw, dict, from: 1) }
    return try universe.pushResult(dict, call.raw)
  }

  /// `dict.update`: pairs of a mapping, or of a sequence of pairs.
  static func update(
    _ universe: ScriptUniverse, _ raw: OpaquePointer, _ dict: Object, from index: Int32
  ) throws(PythonError) {
    let heap = universe.heap
    if lua_type(raw, index) == LUA_TTABLE {
      lua_pushnil(raw)
      while lua_next(raw, index) != 0 {
        // The order of a table's keys is Lua's.
        let key = try universe.hashable(try universe.object(raw, at: -2, to: "be a key"))
        heap.set(try universe.object(raw, at: -1), in: dict, for: key)
        lb_pop(raw, 1)
      }
      return
    }
    if let (kind, data) = universe.handle(raw, index) {
      if kind == .base || kind == .baseAttributes { return heap.update(dict, by: universe.context.baseConfig) }
      if kind == .node || kind == .attributes, universe.object(data).tag == .dict {
        try universe.expect(items: heap.count(universe.object(data)))
        return heap.update(dict, by: universe.object(data))
      }
    }
    for (place, pair) in try universe.elements(raw, index).enumerated() {
      let parts = try universe.parts(
        of: pair, else: "cannot convert dictionary update sequence element #\(place) to a sequence")
      guard parts.count == 2 else {
        throw .value("dictionary update sequence element #\(place) has length \(parts.count); 2 is required")
      }
      heap.set(parts[1], in: dict, for: try universe.hashable(parts[0]))
    }
  }

  private static func list(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard call.count <= 1 else { throw .type("list expected at most 1 argument, got \(call.count)") }
    let items = call.count == 0 ? [] : try universe.elements(call.raw, 1)
    return try universe.pushResult(universe.heap.makeList(items), call.raw)
  }

  private static func tuple(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard call.count <= 1 else { throw .type("tuple expected at most 1 argument, got \(call.count)") }
    if let (kind, data) = universe.handle(call.raw, 1), kind == .node, universe.object(data).tag == .tuple {
      return try universe.pushResult(universe.object(data), call.raw)
    }
    let items = call.count == 0 ? [] : try universe.elements(call.raw, 1)
    return try universe.pushResult(universe.heap.makeTuple(items), call.raw)
  }

  // MARK: Looking

  private static func length(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard call.count == 1 else { throw .type("len() takes exactly one argument (\(call.count) given)") }
    lua_pushinteger(raw, lua_Integer(try universe.length(raw, 1)))
    return 1
  }

  private static func attributes(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, data) = universe.handle(raw, 1) else {
      if lua_type(raw, 1) == LUA_TFUNCTION { throw .refused("a function has no attributes that scripts may use") }
      throw .type("bad argument #1 to 'py_attrgetter' (not a python object)")
    }
    switch kind {
    case .node: universe.pushAttributes(of: universe.object(data), raw)
    case .base: universe.pushHandle(raw, .baseAttributes, UInt64(0))
    case .method: throw .refused("a method has no attributes that scripts may use")
    default: lua_pushvalue(raw, 1)
    }
    return 1
  }

  private static func items(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, data) = universe.handle(raw, 1) else {
      throw .type("bad argument #1 to 'py_itemgetter' (not a python object)")
    }
    switch kind {
    case .attributes: return try universe.pushResult(universe.object(data), raw)
    case .baseAttributes: universe.pushHandle(raw, .base, UInt64(0))
    default: lua_pushvalue(raw, 1)
    }
    return 1
  }

  // MARK: teuthology's own

  private static func deepMerge(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard call.count == 2 else { throw .type("deep_merge() takes 2 arguments, \(call.count) given") }
    let target = try universe.object(call.raw, at: 1, to: "be merged")
    let source = try universe.object(call.raw, at: 2, to: "be merged")
    let merged: Object
    do throws(DeepMergeError) {
      merged = try universe.heap.deepMerge(into: universe.heap.own(target), from: source)
    } catch {
      throw PythonError("deep_merge", error.description)
    }
    return try universe.pushResult(merged, call.raw)
  }

  private static func yamlLoad(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard call.count == 1, lua_type(call.raw, 1) == LUA_TSTRING else {
      throw .type("yaml_load() takes one string")
    }
    let text = String(decoding: try universe.bytes(call.raw, 1), as: UTF8.self)
    universe.heap.work += text.utf8.count
    try universe.checkLimits()
    let object: Object
    do throws(YAMLError) {
      object = try universe.heap.read(yaml: text, file: "yaml_load")
    } catch {
      throw PythonError("yaml_load", error.description)
    }
    return try universe.pushResult(object, call.raw)
  }
}

extension ScriptUniverse {
  /// `len(x)`.
  func length(_ raw: OpaquePointer, _ index: Int32) throws(PythonError) -> Int {
    switch lua_type(raw, index) {
    case LUA_TTABLE: return Int(lua_rawlen(raw, index))
    case LUA_TSTRING: return String(decoding: try bytes(raw, index), as: UTF8.self).unicodeScalars.count
    case LUA_TUSERDATA:
      guard let (kind, data) = handle(raw, index) else { break }
      switch kind {
      case .node, .attributes:
        return heap.count(object(data))
      case .base, .baseAttributes: return heap.count(context.baseConfig)
      case .view: return heap.count(viewed(data))
      default: throw .type("object of type '\(ItemAccess.typeName(self, kind, data))' has no len()")
      }
    default: break
    }
    throw .type("object of type '\(pythonType(raw, index))' has no len()")
  }

  /// The name of the type that a Lua value has in Python.
  func pythonType(_ raw: OpaquePointer, _ index: Int32) -> String {
    if let (kind, data) = handle(raw, index) { return ItemAccess.typeName(self, kind, data) }
    switch lua_type(raw, index) {
    case LUA_TNIL, LUA_TNONE: return "NoneType"
    case LUA_TBOOLEAN: return "bool"
    case LUA_TNUMBER: return lua_isinteger(raw, index) != 0 ? "int" : "float"
    case LUA_TSTRING: return "str"
    case LUA_TTABLE: return "_LuaTable"
    default: return "_LuaFunction"
    }
  }

  /// What going through a value in Python gives: items, keys of a dict or table, characters.
  func elements(_ raw: OpaquePointer, _ index: Int32) throws(PythonError) -> [Object] {
    var elements: [Object] = []
    switch lua_type(raw, index) {
    case LUA_TTABLE:
      lua_pushnil(raw)
      while lua_next(raw, index) != 0 {
        lb_pop(raw, 1)
        elements.append(try object(raw, at: -1, to: "be an item"))
      }
      return elements
    case LUA_TSTRING: return try characters(String(decoding: try bytes(raw, index), as: UTF8.self))
    case LUA_TUSERDATA:
      guard let (kind, data) = handle(raw, index) else { break }
      switch kind {
      case .node, .attributes:
        let object = object(data)
        let count = heap.count(object)
        guard object.isContainer else { break }
        try expect(items: count)
        for place in 0..<count {
          elements.append(object.tag == .dict ? heap.key(object, at: place) : heap.item(object, at: place))
        }
        return elements
      case .base, .baseAttributes:
        for place in 0..<heap.count(context.baseConfig) { elements.append(heap.key(context.baseConfig, at: place)) }
        return elements
      case .view:
        try expect(items: heap.count(viewed(data)) * 4)
        for place in 0..<heap.count(viewed(data)) { elements.append(viewItem(data, place)) }
        return elements
      default: break
      }
      throw .type("'\(ItemAccess.typeName(self, kind, data))' object is not iterable")
    default: break
    }
    throw .type("'\(pythonType(raw, index))' object is not iterable")
  }

  func characters(_ text: String) throws(PythonError) -> [Object] {
    try expect(items: text.utf8.count)
    return text.unicodeScalars.map { heap.text(String($0)) }
  }

  /// The items of an object that is to be a sequence.
  func parts(of object: Object, else message: String) throws(PythonError) -> [Object] {
    switch object.tag {
    case .text: return try characters(heap.string(of: object) ?? "")
    case .list, .tuple, .dict:
      return (0..<heap.count(object)).map {
        object.tag == .dict ? heap.key(object, at: $0) : heap.item(object, at: $0)
      }
    default: throw .type(message)
    }
  }
}
