import Suite

/// list.sort(), in the order of Python's comparisons: which are made decides which of them are errors.
struct ListSort {
  let heap: ObjectHeap
  private var items: [Object]

  init(_ list: Object, in heap: ObjectHeap) {
    self.heap = heap
    items = (0..<heap.count(list)).map { heap.item(list, at: $0) }
  }

  /// The items in order; equal ones stay as they are.
  mutating func sorted() throws(PythonError) -> [Object] {
    heap.work += items.count * 16
    // So short lists Python sorts by insertion alone.
    if items.count < 64 { try insert(in: items.startIndex..<items.endIndex) } else { try merge(0..<items.count) }
    return items
  }

  private mutating func insert(in range: Range<Int>) throws(PythonError) {
    guard range.count > 1 else { return }
    var next = range.lowerBound + 2
    if try precedes(items[range.lowerBound + 1], items[range.lowerBound]) {
      while next < range.upperBound, try precedes(items[next], items[next - 1]) { next += 1 }
      items[range.lowerBound..<next].reverse()
    } else {
      while next < range.upperBound, try !precedes(items[next], items[next - 1]) { next += 1 }
    }
    while next < range.upperBound {
      let item = items[next]
      var (low, high) = (range.lowerBound, next)
      while low < high {
        let middle = low + (high - low) / 2
        if try precedes(item, items[middle]) { high = middle } else { low = middle + 1 }
      }
      items.remove(at: next)
      items.insert(item, at: low)
      next += 1
    }
  }

  private mutating func merge(_ range: Range<Int>) throws(PythonError) {
    guard range.count >= 64 else { return try insert(in: range) }
    let middle = range.lowerBound + range.count / 2
    try merge(range.lowerBound..<middle)
    try merge(middle..<range.upperBound)
    let (left, right) = (Array(items[range.lowerBound..<middle]), Array(items[middle..<range.upperBound]))
    var (l, r) = (0, 0)
    for place in range {
      let takesRight = l == left.count ? true : r == right.count ? false : try precedes(right[r], left[l])
      items[place] = takesRight ? right[r] : left[l]
      if takesRight { r += 1 } else { l += 1 }
    }
  }

  /// Python's `<`.
  private func precedes(_ a: Object, _ b: Object, depth: Int = ObjectHeap.depthLimit) throws(PythonError) -> Bool {
    heap.work += 1
    switch (a.tag, b.tag) {
    case (.text, .text), (.binary, .binary), (.date, .date):
      return heap.bytes(of: a).lexicographicallyPrecedes(heap.bytes(of: b))
    case (.datetime, .datetime):
      let texts = [a, b].map { String(decoding: heap.bytes(of: $0), as: UTF8.self) }
      // A zone stands behind the time, where a date has hyphens.
      guard texts.allSatisfy({ !$0.dropFirst(11).contains { $0 == "+" || $0 == "-" } }) else {
        throw .refused("times with a zone cannot be sorted")
      }
      return texts[0] < texts[1]
    case (.list, .list), (.tuple, .tuple):
      guard depth > 0 else { throw PythonError("RecursionError", "a list nests too deep to be compared") }
      guard heap.excess == nil else { throw .refused("the script runs too long") }
      let (left, right) = (heap.count(a), heap.count(b))
      for place in 0..<min(left, right) {
        let (mine, other) = (heap.item(a, at: place), heap.item(b, at: place))
        if !heap.isEqual(mine, other) { return try precedes(mine, other, depth: depth - 1) }
      }
      return left < right
    default: break
    }
    guard let left = Number(a, heap), let right = Number(b, heap) else {
      throw .type("'<' not supported between instances of '\(a.typeName)' and '\(b.typeName)'")
    }
    return left.precedes(right)
  }

  /// An integer or a float.
  private enum Number {
    case integer(Int)
    case float(Double)
    case digits(String)

    init?(_ object: Object, _ heap: ObjectHeap) {
      if let integer = object.integerValue {
        self = .integer(integer)
      } else if let float = object.floatValue {
        self = .float(float)
      } else if object.tag == .bigInteger {
        self = .digits(String(decoding: heap.bytes(of: object), as: UTF8.self))
      } else {
        return nil
      }
    }

    private var double: Double {
      switch self {
      case .integer(let integer): Double(integer)
      case .float(let float): float
      case .digits(let digits): Double(digits) ?? .nan
      }
    }

    func precedes(_ other: Number) -> Bool {
      switch (self, other) {
      case (.integer(let a), .integer(let b)): return a < b
      case (.digits(let a), .digits(let b)):
        let (isNegative, isOther) = (a.hasPrefix("-"), b.hasPrefix("-"))
        if isNegative != isOther { return isNegative }
        let (less, more) = isNegative ? (b, a) : (a, b)
        return less.utf8.count != more.utf8.count ? less.utf8.count < more.utf8.count : less < more
      case (.integer(let a), .float(let b)) where b.magnitude < 0x1p62:
        return b == b.rounded() ? a < Int(b) : Double(a) < b || a < Int(b.rounded(.up))
      case (.float(let a), .integer(let b)) where a.magnitude < 0x1p62:
        return a == a.rounded() ? Int(a) < b : Int(a.rounded(.down)) < b
      default: return double < other.double
      }
    }
  }
}
