// Objects from YAML's values and back.
extension ObjectHeap {
  /// The object of a scalar.
  func scalar(_ value: YAMLValue) -> Object {
    switch value {
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .bigInteger(let digits): Object(.bigInteger, UInt64(texts.intern(digits)))
    case .float(let number): .float(number)
    case .string(let text): self.text(text)
    case .timestamp(let stamp): Object(stamp.hasTime ? .datetime : .date, UInt64(texts.intern(stamp.iso)))
    case .binary(let bytes): bytes.withUnsafeBufferPointer { Object(.binary, UInt64(texts.intern($0))) }
    case .null, .sequence, .mapping: .none
    }
  }

  /// An object of a value, with nodes of its own.
  public func object(_ value: YAMLValue) -> Object {
    switch value {
    case .sequence(let items):
      let list = makeList(capacity: items.count)
      for item in items { append(object(item), to: list) }
      return list
    case .mapping(let mapping):
      let dict = makeDict(capacity: mapping.count)
      for (key, value) in mapping { set(object(value), in: dict, for: object(key)) }
      return dict
    default: return scalar(value)
    }
  }

  /// The value of an object; a tuple becomes a sequence, and what is shared is there as often as it is used.
  /// - Throws: `ObjectTextError` when it holds itself, or is without end.
  public func value(of object: Object) throws(ObjectTextError) -> YAMLValue {
    var room = Self.valueLimit
    return try value(of: object, 0, &room)
  }

  /// What the values of one object may take, in steps of some 32 bytes of text.
  private static let valueLimit = 2_000_000

  private func value(of object: Object, _ depth: Int, _ room: inout Int) throws(ObjectTextError) -> YAMLValue {
    // Deep in a YAML document a line begins with as many spaces.
    let steps = 1 + depth / 8 + (object.tag == .text ? texts[object.id].count / 32 : 0)
    room -= steps
    work += steps
    guard room > 0 else { throw .tooLong }
    switch object.tag {
    case .none: return .null
    case .bool: return .bool(object.bits != 0)
    case .integer: return .integer(object.integerValue ?? 0)
    case .bigInteger: return .bigInteger(texts.string(object.id))
    case .float: return .float(object.floatValue ?? 0)
    case .text: return .string(texts.string(object.id))
    case .date, .datetime: return YAMLTimestamp(texts.string(object.id)).map { .timestamp($0) } ?? .null
    case .binary: return .binary(Array(texts[object.id]))
    case .list, .tuple:
      guard depth < Self.depthLimit else { throw .tooDeep }
      var items: [YAMLValue] = []
      items.reserveCapacity(min(count(object), room))
      for place in 0..<count(object) { items.append(try value(of: item(object, at: place), depth + 1, &room)) }
      return .sequence(items)
    case .dict:
      guard depth < Self.depthLimit else { throw .tooDeep }
      var mapping = YAMLMapping()
      for place in 0..<count(object) {
        let key = try value(of: key(object, at: place), depth + 1, &room)
        mapping[key] = try value(of: value(object, at: place), depth + 1, &room)
      }
      return .mapping(mapping)
    }
  }

  /// A copy with nodes of its own all the way down, in which what was shared is shared: Python's deepcopy.
  /// - Throws: `ObjectTextError.tooDeep`, where Python has a RecursionError.
  public func deepCopy(_ object: Object) throws(ObjectTextError) -> Object {
    guard object.isContainer else { return object }
    var copies: [UInt32: Object] = [:]
    return try deepCopy(object, &copies, Self.depthLimit)
  }

  private func deepCopy(
    _ object: Object, _ copies: inout [UInt32: Object], _ depth: Int
  ) throws(ObjectTextError) -> Object {
    guard object.isContainer else { return object }
    guard depth > 0 else { throw .tooDeep }
    let identity = identity(object)
    if let copy = copies[identity] { return copy }
    let count = count(object)
    let copy = makeNode(object.tag, capacity: count)
    copies[identity] = copy
    let width = object.tag == .dict ? 2 : 1
    for place in 0..<count * width {
      let item = try deepCopy(node(object).pointee.items[place], &copies, depth - 1)
      node(copy).pointee.items[place] = item
    }
    node(copy).pointee.count = UInt32(count)
    if object.tag == .dict { reindex(copy) }
    work += count
    return copy
  }
}

extension ObjectHeap {
  /// Reads YAML into live objects, as `yaml_load`.
  /// - Parameters:
  ///   - text: the YAML.
  ///   - file: the name that errors carry.
  /// - Throws: `YAMLError` with the place of a mistake.
  public func read(yaml text: String, file: String) throws(YAMLError) -> Object {
    try YAMLReader().read(text, file: file, into: self, template: nil)
  }
}
