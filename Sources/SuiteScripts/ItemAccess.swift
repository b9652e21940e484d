import CLua
import CLuaBoundary
import LuaKit
import Suite

/// What scripts do with an object by Lua's own syntax: `yaml.tasks[0]`, `yaml.x = 1`, `f(...)`, `tostring(yaml)`.
enum ItemAccess {
  static let events: [(String, lb_bound)] = [
    ("__index", { ScriptCall.enter($0, $1, ItemAccess.index) }),
    ("__newindex", { ScriptCall.enter($0, $1, ItemAccess.newIndex) }),
    ("__call", { ScriptCall.enter($0, $1, ItemAccess.call) }),
    ("__tostring", { ScriptCall.enter($0, $1, ItemAccess.toString) }),
    ("__eq", { ScriptCall.enter($0, $1, ItemAccess.equal) }),
  ]

  private static func index(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, data) = universe.handle(raw, 1) else { throw .type("this object has no items") }
    switch kind {
    case .node:
      let object = universe.object(data)
      if object.tag == .dict {
        guard let key = try universe.key(raw, 2), let value = universe.heap.value(object, for: key) else {
          throw missing(universe, raw, 2)
        }
        return try universe.pushResult(value, raw)
      }
      let place = try place(universe, raw, 2, of: object)
      return try universe.pushResult(universe.heap.item(object, at: place), raw)
    case .base:
      let key = try universe.key(raw, 2)
      let value = key.flatMap { universe.heap.value(universe.context.baseConfig, for: $0) }
      return try universe.pushResult(value ?? .none, raw)
    case .attributes, .baseAttributes: return try PythonMethods.attribute(universe, call, data, kind)
    case .date: return try PythonMethods.dateAttribute(universe, call, universe.object(data))
    case .log:
      guard let name = LuaState(raw).string(at: 2), Self.levels.contains(name) else {
        throw .attribute("Logger", LuaState(raw).string(at: 2) ?? "?")
      }
      LuaState(raw).push(cFunction: { raw in
        lua_pushnil(raw)
        return 1
      })
      return 1
    case .method: throw .refused("a method has nothing that scripts may use; call it")
    case .view, .iterator, .none: throw .type("'\(typeName(universe, kind, data))' object is not subscriptable")
    }
  }

  private static let levels: Set<String> = ["debug", "info", "warning", "warn", "error", "critical", "exception"]

  static func typeName(
    _ universe: ScriptUniverse, _ kind: HandleKind, _ data: UnsafeMutablePointer<lb_handle>
  ) -> String {
    switch kind {
    case .node, .attributes, .date: universe.object(data).typeName
    case .base, .baseAttributes: "JobConfig"
    case .method: "builtin_function_or_method"
    case .log: "Logger"
    case .view: ["dict_keys", "dict_values", "dict_items"][Int(data.pointee.number)]
    case .iterator: "iterator"
    case .none: "NoneType"
    }
  }

  static func missing(_ universe: ScriptUniverse, _ raw: OpaquePointer, _ index: Int32) -> PythonError {
    let key = (try? universe.object(raw, at: index)).map { universe.heap.pythonText(universe.heap.makeTuple([$0])) }
    let text = key.map { String($0.dropFirst().dropLast(2)) } ?? "?"
    return PythonError("KeyError", "\(text) is not in this dict; py_attrgetter(DICT).get(\(text)) gives nil instead")
  }

  /// The place that a Lua value names in a list or tuple; -1 is the last.
  static func place(
    _ universe: ScriptUniverse, _ raw: OpaquePointer, _ index: Int32, of object: Object, use: String = ""
  ) throws(PythonError) -> Int {
    let key = try universe.object(raw, at: index, to: "be an index")
    guard var place = key.integerValue else {
      throw .type("\(object.typeName) indices must be integers or slices, not \(key.typeName)")
    }
    let count = universe.heap.count(object)
    if place < 0 { place += count }
    guard place >= 0, place < count else { throw .index("\(object.typeName) \(use)index out of range") }
    return place
  }

  private static func newIndex(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    let raw = call.raw
    guard let (kind, data) = universe.handle(raw, 1) else { return 0 }
    switch kind {
    case .node:
      let object = universe.object(data)
      switch object.tag {
      case .dict:
        let key = try universe.hashable(try universe.object(raw, at: 2, to: "be a key"))
        universe.heap.set(try universe.object(raw, at: 3), in: object, for: key)
      case .list:
        let place = try place(universe, raw, 2, of: object, use: "assignment ")
        universe.heap.set(try universe.object(raw, at: 3), in: object, at: place)
      default: throw .type("'tuple' object does not support item assignment")
      }
    case .base:
      let key = try universe.hashable(try universe.object(raw, at: 2, to: "be a key"))
      universe.heap.set(try universe.object(raw, at: 3), in: universe.context.baseConfig, for: key)
    default: throw .refused("attributes cannot be set")
    }
    return 0
  }

  private static func call(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard let (kind, data) = universe.handle(call.raw, 1) else { return 0 }
    guard kind == .method else {
      throw .type("'\(typeName(universe, kind, data))' object is not callable")
    }
    return try PythonMethods.call(universe, call, data)
  }

  private static func toString(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    guard let (kind, data) = universe.handle(call.raw, 1) else { return 0 }
    let text =
      switch kind {
      case .node, .attributes, .date: universe.heap.pythonText(universe.object(data))
      case .base, .baseAttributes: universe.baseText
      case .view: universe.viewText(data)
      case .none: "None"
      case .log: "<Logger teuthology.suite.merge (DEBUG)>"
      case .method: "<built-in method \(PythonMethods.name(data))>"
      case .iterator: "<iterator>"
      }
    LuaState(call.raw).push(text)
    return 1
  }

  private static func equal(_ universe: ScriptUniverse, _ call: ScriptCall) throws(PythonError) -> Int32 {
    var isSame = false
    if let (kind, data) = universe.handle(call.raw, 1), let (otherKind, other) = universe.handle(call.raw, 2) {
      // Nodes are one userdata each; dates are not.
      isSame = kind == otherKind && kind == .date && data.pointee.value == other.pointee.value
    }
    lua_pushboolean(call.raw, isSame ? 1 : 0)
    return 1
  }
}

extension ScriptUniverse {
  /// `str(base_config)`: its YAML, keys sorted.
  var baseText: String {
    guard let value = try? heap.value(of: context.baseConfig) else { return "{...}" }
    let text = value.sortedKeys.yaml
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}

extension YAMLValue {
  fileprivate var sortedKeys: YAMLValue {
    switch self {
    case .sequence(let items): .sequence(items.map(\.sortedKeys))
    case .mapping(let mapping):
      .mapping(
        YAMLMapping(
          mapping.map { ($0.key, $0.value.sortedKeys) }.sorted { ($0.0.string ?? "") < ($1.0.string ?? "") }))
    default: self
    }
  }
}
