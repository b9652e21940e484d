// Equality, hashing and truth as Python has them.
extension ObjectHeap {
  /// Whether two keys are one: 1, 1.0 and True are.
  func isSameKey(_ a: Object, _ b: Object) -> Bool {
    if a.bits == b.bits, a.tag == b.tag { return true }
    if a.tag == .text || b.tag == .text { return false }
    return isEqual(a, b)
  }

  func keyHash(_ key: Object) -> UInt32 {
    switch key.tag {
    case .float:
      if let float = key.floatValue, let integer = Int(exactly: float) {
        return Self.mix(UInt64(bitPattern: Int64(integer)))
      }
      return Self.mix(key.bits)
    // Rare, and equal to one another in ways that a hash would have to know.
    case .bigInteger, .tuple, .none, .list, .dict: return 0
    default: return Self.mix(key.bits)
    }
  }

  private static func mix(_ bits: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }

  /// Python's `==`: by value, all the way down.
  /// - Parameter depth: how deep it may go; what is deeper counts as different, as all does when the work is used up.
  public func isEqual(_ a: Object, _ b: Object, depth: Int = ObjectHeap.depthLimit) -> Bool {
    if a.bits == b.bits, a.tag == b.tag { return a.tag != .float || a.floatValue == a.floatValue }
    work += 1
    switch (a.tag, b.tag) {
    case (.integer, .integer), (.bool, .integer), (.integer, .bool), (.bool, .bool):
      return a.integerValue == b.integerValue
    case (.float, .float): return a.floatValue == b.floatValue
    case (.float, .integer), (.float, .bool): return a.floatValue.flatMap { Int(exactly: $0) } == b.integerValue
    case (.integer, .float), (.bool, .float): return b.floatValue.flatMap { Int(exactly: $0) } == a.integerValue
    case (.bigInteger, .float): return isInteger(b, digits: a)
    case (.float, .bigInteger): return isInteger(a, digits: b)
    case (.list, .list), (.tuple, .tuple):
      guard depth > 0, work <= workLimit, count(a) == count(b) else { return false }
      if identity(a) == identity(b) { return true }
      for place in 0..<count(a) where !isEqual(item(a, at: place), item(b, at: place), depth: depth - 1) {
        return false
      }
      return true
    case (.dict, .dict):
      guard depth > 0, work <= workLimit, count(a) == count(b) else { return false }
      if identity(a) == identity(b) { return true }
      for place in 0..<count(a) {
        guard let other = value(b, for: key(a, at: place)), isEqual(value(a, at: place), other, depth: depth - 1)
        else { return false }
      }
      return true
    default: return false
    }
  }

  /// Whether a float is the integer that has these digits.
  private func isInteger(_ float: Object, digits: Object) -> Bool {
    guard let float = float.floatValue, float.isFinite, float == float.rounded() else { return false }
    work += 100
    var text = IntegerText()
    // A float of this size is its significand times a power of two.
    for bit in String(float.magnitude.significandBitPattern | 1 << 52, radix: 2).utf8 {
      text.append(digit: Int(bit) - 48, base: 2)
    }
    for _ in 0..<max(0, Int(float.exponent) - 52) { text.append(digit: 0, base: 2) }
    guard case .bigInteger(let own) = text.value(negative: float < 0) else { return false }
    return own == texts.string(digits.id)
  }

  /// Whether Python takes it for true.
  public func isTrue(_ object: Object) -> Bool {
    switch object.tag {
    case .none: false
    case .bool, .integer: object.bits != 0
    case .float: object.floatValue != 0
    case .bigInteger, .date, .datetime: true
    case .text, .binary: !bytes(of: object).isEmpty
    case .list, .dict, .tuple: count(object) > 0
    }
  }

  /// Whether it can be a key; of what is too large to be looked at it says no.
  public func isHashable(_ object: Object, depth: Int = ObjectHeap.depthLimit) -> Bool {
    switch object.tag {
    case .list, .dict: return false
    case .tuple:
      work += 1
      guard depth > 0, work <= workLimit else { return false }
      for place in 0..<count(object) where !isHashable(item(object, at: place), depth: depth - 1) { return false }
      return true
    default: return true
    }
  }
}
