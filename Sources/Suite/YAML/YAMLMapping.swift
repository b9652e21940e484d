/// A mapping that keeps its keys in the order of their first insertion, as Python's dict does.
///
/// Any scalar can be a key. Keys match as in Python: `1`, `1.0` and `true` are one key, `"1"` is another; setting a key
/// that is there keeps its place and its first spelling.
public struct YAMLMapping: Sendable {
  /// A key and its value.
  public typealias Element = (key: YAMLValue, value: YAMLValue)

  private var storedKeys: [YAMLValue] = []
  private var storedValues: [YAMLValue] = []
  /// Where each key stands; nil while the mapping is so small that looking through it is faster.
  private var index: [MappingKey: Int]?

  private static let indexedFrom = 12

  /// An empty mapping.
  public init() {}

  /// A mapping of the pairs in their order; of equal keys the last value wins.
  public init(_ pairs: some Sequence<(YAMLValue, YAMLValue)>) {
    for (key, value) in pairs { self[key] = value }
  }

  /// The keys in their order.
  public var keys: [YAMLValue] { storedKeys }

  /// The values in the order of their keys.
  public var values: [YAMLValue] { storedValues }

  /// The value of a key. Setting nil removes the key (a null value is `.null`, and stays).
  public subscript(key: YAMLValue) -> YAMLValue? {
    get { position(of: key).map { storedValues[$0] } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): storedValues[position] = value
      case (nil, let value?): append(key, value)
      case (let position?, nil): remove(at: position)
      case (nil, nil): break
      }
    }
  }

  /// The value of a string key.
  public subscript(key: String) -> YAMLValue? {
    get { self[.string(key)] }
    set { self[.string(key)] = newValue }
  }

  /// Removes a key.
  /// - Returns: the value it had, or nil when there was no such key.
  @discardableResult
  public mutating func removeValue(forKey key: YAMLValue) -> YAMLValue? {
    guard let position = position(of: key) else { return nil }
    let value = storedValues[position]
    remove(at: position)
    return value
  }

  /// Changes a value where it stands, without the copy that reading and setting it would make.
  /// - Parameters:
  ///   - key: the key, which is added with null when it is missing.
  ///   - change: changes the value.
  /// - Throws: what `change` throws; a key added for it then stays.
  mutating func update<Failure: Error>(
    _ key: YAMLValue, _ change: (_ value: inout YAMLValue) throws(Failure) -> Void
  ) throws(Failure) {
    if let position = position(of: key) {
      try change(&storedValues[position])
    } else {
      append(key, .null)
      try change(&storedValues[storedValues.count - 1])
    }
  }

  private func position(of key: YAMLValue) -> Int? {
    if let index { return index[MappingKey(key)] }
    return storedKeys.firstIndex { MappingKey.matches($0, key) }
  }

  private mutating func append(_ key: YAMLValue, _ value: YAMLValue) {
    storedKeys.append(key)
    storedValues.append(value)
    if index != nil {
      index?[MappingKey(key)] = storedKeys.count - 1
    } else if storedKeys.count >= Self.indexedFrom {
      reindex()
    }
  }

  private mutating func remove(at position: Int) {
    storedKeys.remove(at: position)
    storedValues.remove(at: position)
    if index != nil { reindex() }
  }

  private mutating func reindex() {
    var index: [MappingKey: Int] = [:]
    index.reserveCapacity(storedKeys.count * 2)
    for (position, key) in storedKeys.enumerated() { index[MappingKey(key)] = position }
    self.index = index
  }
}

extension YAMLMapping: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { storedKeys.count }
  public subscript(position: Int) -> Element { (storedKeys[position], storedValues[position]) }
}

extension YAMLMapping: Equatable {
  public static func == (left: YAMLMapping, right: YAMLMapping) -> Bool {
    left.count == right.count && left.allSatisfy { pair in right[pair.key] == pair.value }
  }
}

extension YAMLMapping: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral pairs: (YAMLValue, YAMLValue)...) { self.init(pairs) }
}

/// A key as Python's dict sees it: equal numbers are one key, whatever their type.
private struct MappingKey: Hashable {
  let value: YAMLValue

  init(_ value: YAMLValue) { self.value = value }

  static func == (left: MappingKey, right: MappingKey) -> Bool { matches(left.value, right.value) }

  static func matches(_ left: YAMLValue, _ right: YAMLValue) -> Bool {
    if case .string(let a) = left, case .string(let b) = right { return a.hasSameCodePoints(as: b) }
    if let a = integer(left), let b = integer(right) { return a == b }
    return left == right
  }

  func hash(into hasher: inout Hasher) {
    switch value {
    case .string(let text): hasher.combine(text)
    case .float(let number) where Self.integer(value) == nil: hasher.combine(number)
    case .bigInteger(let digits): hasher.combine(digits)
    case .timestamp(let timestamp): hasher.combine(timestamp)
    case .binary(let bytes): hasher.combine(bytes)
    // Python has no such keys, so they need not be fast.
    case .null, .sequence, .mapping: hasher.combine(0)
    case .bool, .integer, .float: hasher.combine(Self.integer(value))
    }
  }

  private static func integer(_ value: YAMLValue) -> Int? {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    case .integer(let number): number
    case .float(let number): Int(exactly: number)
    default: nil
    }
  }
}
