/// A value as Python has it in teuthology's merge: what a name, a key or an item stands for.
///
/// Lists, dicts and tuples are references to nodes of an `ObjectHeap`, so two objects can be one and the same list;
/// texts are numbers in the heap's table. It has no references to count: copying it costs two words.
public struct Object: Sendable, BitwiseCopyable {
  /// The types that YAML and scripts can make.
  public enum Tag: UInt8, Sendable, BitwiseCopyable {
    case none, bool, integer, float
    /// An integer outside of 64 bits; its digits are a text.
    case bigInteger
    case text
    /// A date, by its ISO text.
    case date
    /// A date with a time, by its ISO text.
    case datetime
    /// Bytes.
    case binary
    case list, dict, tuple
  }

  /// Its type.
  public let tag: Tag
  let bits: UInt64

  init(_ tag: Tag, _ bits: UInt64) {
    self.tag = tag
    self.bits = bits
  }

  /// Python's None.
  public static let none = Object(.none, 0)
  /// True or False.
  public static func bool(_ value: Bool) -> Object { Object(.bool, value ? 1 : 0) }
  /// An integer of 64 bits.
  public static func integer(_ value: Int) -> Object { Object(.integer, UInt64(bitPattern: Int64(value))) }
  /// A float.
  public static func float(_ value: Double) -> Object { Object(.float, value.bitPattern) }

  static func text(_ id: UInt32) -> Object { Object(.text, UInt64(id)) }
  static func node(_ tag: Tag, _ id: UInt32) -> Object { Object(tag, UInt64(id)) }

  /// The number of a text, or of a node.
  var id: UInt32 { UInt32(truncatingIfNeeded: bits) }

  /// Whether it is None.
  public var isNone: Bool { tag == .none }
  /// Whether it refers to a node: it has items, and an identity.
  public var isContainer: Bool { tag.rawValue >= Tag.list.rawValue }
  /// The value of an integer, or of a bool as Python counts it.
  public var integerValue: Int? {
    tag == .integer || tag == .bool ? Int(Int64(bitPattern: bits)) : nil
  }
  /// The value of a float.
  public var floatValue: Double? { tag == .float ? Double(bitPattern: bits) : nil }

  /// The name of its type in Python.
  public var typeName: String {
    switch tag {
    case .none: "NoneType"
    case .bool: "bool"
    case .integer, .bigInteger: "int"
    case .float: "float"
    case .text: "str"
    case .date: "date"
    case .datetime: "datetime"
    case .binary: "bytes"
    case .list: "list"
    case .dict: "dict"
    case .tuple: "tuple"
    }
  }

  /// What it is, in YAML's words, for messages.
  public var kind: String {
    switch tag {
    case .none: "null"
    case .bool: "boolean"
    case .integer, .bigInteger: "integer"
    case .float: "float"
    case .text: "string"
    case .date: "date"
    case .datetime: "timestamp"
    case .binary: "binary"
    case .list: "sequence"
    case .dict: "mapping"
    case .tuple: "tuple"
    }
  }
}

/// A list, dict or tuple.
struct ObjectNode {
  /// The items; of a dict keys and values in turn, in the order of their insertion.
  var items: UnsafeMutablePointer<Object>
  /// Of a large dict, where each key stands: the pair's position + 1, in open addressing.
  var index: UnsafeMutablePointer<UInt32>?
  /// Items, or pairs.
  var count: UInt32
  /// Room for so many.
  var capacity: UInt32
  /// Of a template, the fragment it belongs to.
  var file: UInt32
  /// The index has so many places less one.
  var mask: UInt32
  var tag: Object.Tag
}

extension Object {
  /// Template nodes have this bit in their number.
  static let templateBit: UInt32 = 1 << 31
}

extension Object {
  /// The number of its node or text, to find it again by `init(number:tag:)` in the same job.
  public var number: UInt32 { id }

  /// The object that had this number and type.
  public init(number: UInt32, tag: UInt8) { self.init(Tag(rawValue: tag) ?? .none, UInt64(number)) }
}
