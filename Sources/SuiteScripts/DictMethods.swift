import CLua
import CLuaBoundary
import LuaKit
import Suite

extension Method {
  /// The methods of a dict, and of JobConfig, whose `update` takes a dict only.
  func ofDict(isConfig: Bool) throws(PythonError) -> Int32 {
    switch name {
    case "get":
      try expect(1...2)
      if let key = try universe.key(raw, 2), let value = heap.value(object, for: key) { return try push(value) }
      return count == 2 ? try push(try returned(3)) : none()
    case "pop":
      try expect(1...2)
      if let key = try universe.key(raw, 2), let value = heap.removeValue(from: object, for: key) {
        return try push(value)
      }
      // A JobConfig gives None for a key that it does not have, and then fails to remove it.
      guard count == 2, !isConfig else { throw ItemAccess.missing(universe, raw, 2) }
      return try push(try returned(3))
    case "setdefault":
      try expect(1...2)
      let key = try universe.hashable(try universe.object(raw, at: 2, to: "be a key"))
      if let value = heap.value(object, for: key) { return try push(value) }
      // Nor does it notice that a default is wanted.
      if isConfig { return none() }
      let value = try argument(2)
      heap.set(value, in: object, for: key)
      return try push(value)
    case "update":
      try expect(0...1)
      if count == 1 { try PythonBuiltins.update(universe, raw, object, from: 2) }
      return none()
    case "popitem":
      try expect(0...0)
      return try popItem(isConfig: isConfig)
    case "clear":
      try expect(0...0)
      heap.removeAll(from: object)
      return none()
    case "copy", "to_dict":
      try expect(0...0)
      try universe.expect(items: heap.count(object) * 2)
      let copy = heap.makeDict(capacity: heap.count(object))
      heap.update(copy, by: object)
      return try push(copy)
    default:
      try expect(0...0)
      let view = universe.pushHandle(raw, .view, UInt64(object.number))
      view?.pointee.number = name == "keys" ? 0 : name == "values" ? 1 : 2
      return 1
    }
  }

  /// A default that is given back only, so it can be anything that Lua has.
  private func returned(_ index: Int32) throws(PythonError) -> Object {
    try universe.object(raw, at: index, to: "be a default")
  }

  private func popItem(isConfig: Bool) throws(PythonError) -> Int32 {
    let items = heap.count(object)
    guard items > 0 else { throw PythonError("KeyError", "'popitem(): dictionary is empty'") }
    // MutableMapping takes the first, dict the last.
    let key = heap.key(object, at: isConfig ? 0 : items - 1)
    let value = heap.removeValue(from: object, for: key) ?? .none
    return try push(heap.makeTuple([key, value]))
  }
}
