import CLua
import CLuaBoundary
import LuaKit
import Suite

/// The methods that scripts reach by py_attrgetter: those of list, dict and tuple that touch nothing but data.
enum PythonMethods {
  private static let lists = [
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
  ]
  private static let dicts = [
    "clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
  ]
  private static let tuples = ["count", "index"]
  /// Of JobConfig, which is a mapping around a dict.
  private static let configs = [
    "clear", "get", "items", "keys", "pop", "popitem", "setdefault", "to_dict", "update", "values",
  ]
  private static let all = Array(Set(lists + dicts + tuples + configs)).sorted()
  private static let numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })

  /// The name of a method that is asked for.
  static func name(_ data: UnsafeMutablePointer<lb_handle>) -> String {
    let number = Int(data.pointee.position)
    return all.indices.contains(number) ? all[number] : "?"
  }

  // MARK: Asking

  static func attribute(
    _ universe: ScriptUniverse, _ call: ScriptCall, _ data: UnsafeMutablePointer<lb_handle>, _ kind: HandleKind
  ) throws(PythonError) -> Int32 {
    guard let name = LuaState(call.raw).string(at: 2) else { throw .type("attribute name must be string") }
    if kind == .baseAttributes {
      if configs.contains(name) { return push(universe, call, universe.context.baseConfig, name, isConfig: true) }
      if name == "_conf" { return try universe.pushResult(universe.context.baseConfig, call.raw) }
      if name.hasPrefix("_") { throw .attribute("JobConfig", name) }
      // Whatever else it is asked for, JobConfig takes for a key.
      let value = universe.heap.value(universe.context.baseConfig, for: name)
      return try universe.pushResult(value ?? .none, call.raw)
    }
    let object = universe.object(data)
    let known = object.tag == .list ? lists : object.tag == .dict ? dicts : tuples
    guard known.contains(name) else { throw .attribute(object.typeName, name) }
    return push(universe, call, object, name, isConfig: false)
  }

  private static func push(
    _ universe: ScriptUniverse, _ call: ScriptCall, _ object: Object, _ name: String, isConfig: Bool
  ) -> Int32 {
    if let handle = universe.pushHandle(call.raw, .method, UInt64(object.number)) {
      handle.pointee.number = UInt32(object.tag.rawValue)
      handle.pointee.position = Int64(numbers[name] ?? 0)
      handle.pointee.count = isConfig ? 1 : 0
    }
    return 1
  }

  static func dateAttribute(
    _ universe: ScriptUniverse, _ call: ScriptCall, _ object: Object
  ) throws(PythonError) -> Int32 {
    guard let name = LuaState(call.raw).string(at: 2) else { throw .type("attribute name must be string") }
    let iso = String(decoding: universe.heap.bytes(of: object), as: UTF8.self)
    let numbers = iso.prefix(26).split { "-T:.+".contains($0) }.map { Int($0) ?? 0 }
    let names = object.tag == .date ? ["year", "month", "day"] : ["year", "month", "day", "hour", "minute", "second"]
    if let place = names.firstIndex(of: name) {
      lua_pushinteger(call.raw, lua_Integer(place < numbers.count ? numbers[place] : 0))
    } else if name == "microsecond", object.tag == .datetime {
      let fraction = iso.split(separator: ".").dropFirst().first?.prefix(6)
      lua_pushinteger(call.raw, lua_Integer(fraction.flatMap { Int($0) } ?? 0))
    } else {
      throw .attribute(object.typeName, name)
    }
    return 1
  }

  // MARK: Calling

  /// Calls a method; its arguments begin at index 2.
  static func call(
    _ universe: ScriptUniverse, _ call: ScriptCall, _ data: UnsafeMutablePointer<lb_handle>
  ) throws(PythonError) -> Int32 {
    let receiver = universe.object(data)
    let method = Method(
      universe: universe, raw: call.raw, name: name(data), count: Int(call.count) - 1, object: receiver)
    switch receiver.tag {
    case .dict: return try method.ofDict(isConfig: data.pointee.count == 1)
    default: return try method.ofList()
    }
  }
}

/// A call of a method.
struct Method {
  let universe: ScriptUniverse
  let raw: OpaquePointer
  let name: String
  /// Arguments without the object itself.
  let count: Int
  let object: Object

  var heap: ObjectHeap { universe.heap }

  func expect(_ range: ClosedRange<Int>) throws(PythonError) {
    guard !range.contains(count) else { return }
    if range == 0...0 { throw .type("\(object.typeName).\(name)() takes no arguments (\(count) given)") }
    if range == 1...1 { throw .type("\(object.typeName).\(name)() takes exactly one argument (\(count) given)") }
    let bound = count < range.lowerBound ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
    throw .type("\(name) expected \(bound) arguments, got \(count)")
  }

  /// An argument, counted from 1.
  func argument(_ number: Int32) throws(PythonError) -> Object { try universe.object(raw, at: number + 1) }

  func integer(_ number: Int32) throws(PythonError) -> Int {
    let value = try argument(number)
    guard let integer = value.integerValue else {
      throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
    }
    return integer
  }

  func none() -> Int32 {
    lua_pushnil(raw)
    return 1
  }

  func push(_ object: Object) throws(PythonError) -> Int32 { try universe.pushResult(object, raw) }

  // MARK: Lists and tuples

  func ofList() throws(PythonError) -> Int32 {
    let items = heap.count(object)
    switch name {
    case "append":
      try expect(1...1)
      heap.append(try argument(1), to: object)
    case "extend":
      try expect(1...1)
      if let (kind, data) = universe.handle(raw, 2), kind == .node || kind == .attributes,
        universe.object(data).tag == .list
      {
        try universe.expect(items: heap.count(universe.object(data)))
        heap.extend(object, by: universe.object(data))
      } else {
        for item in try universe.elements(raw, 2) { heap.append(item, to: object) }
      }
    case "insert":
      try expect(2...2)
      let place = try integer(1)
      heap.insert(try argument(2), into: object, at: place < 0 ? max(0, items + place) : min(place, items))
    case "pop":
      try expect(0...1)
      guard items > 0 else { throw .index("pop from empty list") }
      var place = count == 1 ? try integer(1) : -1
      if place < 0 { place += items }
      guard place >= 0, place < items else { throw .index("pop index out of range") }
      return try push(heap.remove(from: object, at: place))
    case "remove":
      try expect(1...1)
      let wanted = try argument(1)
      guard let place = (0..<items).first(where: { heap.isEqual(heap.item(object, at: $0), wanted) }) else {
        throw .value("list.remove(x): x not in list")
      }
      heap.remove(from: object, at: place)
    case "index":
      try expect(1...3)
      return try index(items)
    case "count":
      try expect(1...1)
      let wanted = try argument(1)
      lua_pushinteger(raw, lua_Integer((0..<items).count { heap.isEqual(heap.item(object, at: $0), wanted) }))
      return 1
    case "clear":
      try expect(0...0)
      heap.removeAll(from: object)
    case "copy":
      try expect(0...0)
      try universe.expect(items: items)
      return try push(heap.copy(object, as: .list))
    case "reverse":
      try expect(0...0)
      heap.reverse(object)
    default:
      try expect(0...0)
      var sort = ListSort(object, in: heap)
      for (place, item) in try sort.sorted().enumerated() { heap.set(item, in: object, at: place) }
    }
    return none()
  }

  private func index(_ items: Int) throws(PythonError) -> Int32 {
    let wanted = try argument(1)
    func bound(_ number: Int32, _ otherwise: Int) throws(PythonError) -> Int {
      guard count >= Int(number) else { return otherwise }
      let place = try integer(number)
      return min(max(place < 0 ? place + items : place, 0), items)
    }
    let (start, end) = (try bound(2, 0), try bound(3, items))
    guard start < end, let place = (start..<end).first(where: { heap.isEqual(heap.item(object, at: $0), wanted) })
    else {
      throw .value(
        "\(heap.pythonText(heap.makeList([wanted]), longest: 80).dropFirst().dropLast()) is not in \(object.typeName)")
    }
    lua_pushinteger(raw, lua_Integer(place))
    return 1
  }
}
