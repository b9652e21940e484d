import Glibc

/// Why an object has no text.
public enum ObjectTextError: Error, Sendable, Equatable, CustomStringConvertible {
  /// It holds itself, or nests deeper than any program reads.
  case tooDeep
  /// It is shared so often that its text has no end worth waiting for.
  case tooLong

  public var description: String {
    switch self {
    case .tooDeep: "the job holds itself, or nests too deep to be written"
    case .tooLong: "the job is too large to be written: parts of it are shared too often"
    }
  }
}

/// Writes objects as JSON on one line, keys sorted by code points, dates as ISO text, other keys than texts by their own
/// JSON. What of a job is still as its fragments say is written once and kept.
struct ObjectJSONWriter {
  let heap: ObjectHeap
  /// Bytes that the text of one job may take.
  static let longest = 64 << 20
  private let begin: Int

  init(heap: ObjectHeap, at begin: Int) {
    self.heap = heap
    self.begin = begin
  }

  func write(_ object: Object, to output: inout ByteBuffer, depth: Int = ObjectHeap.depthLimit) throws(ObjectTextError)
  {
    switch object.tag {
    case .none: output.append("null")
    case .bool: output.append(object.bits != 0 ? "true" : "false")
    case .integer: output.append(String(object.integerValue ?? 0))
    case .bigInteger: output.append(heap.bytes(of: object))
    case .float: output.append(PythonText.json(object.floatValue ?? 0))
    case .text, .date, .datetime: heap.texts.appendJSON(object.id, to: &output)
    case .binary: output.appendQuoted(Base64.encode(Array(heap.bytes(of: object))))
    case .list, .dict, .tuple: try writeNode(object, to: &output, depth: depth)
    }
  }

  private func writeNode(_ object: Object, to output: inout ByteBuffer, depth: Int) throws(ObjectTextError) {
    guard depth > 0 else { throw .tooDeep }
    heap.work += 1
    guard output.count - begin < Self.longest, heap.work <= heap.workLimit else { throw .tooLong }
    let identity = heap.identity(object)
    guard identity & Object.templateBit != 0, !heap.isTouched(heap.node(id: identity).pointee.file) else {
      return try writeItems(object, to: &output, depth: depth)
    }
    if let known = heap.jsonOfTemplate[identity] { return output.append(known.start, known.count) }
    let start = output.count
    try writeItems(object, to: &output, depth: depth)
    let count = output.count - start
    let copy = heap.jsonStorage.allocate(bytes: count).assumingMemoryBound(to: UInt8.self)
    output.withBytes { bytes in
      if let from = bytes.baseAddress { copy.update(from: from + start, count: count) }
    }
    heap.jsonOfTemplate[identity] = (UnsafePointer(copy), count)
  }

  private func writeItems(_ object: Object, to output: inout ByteBuffer, depth: Int) throws(ObjectTextError) {
    let node = heap.node(object)
    let count = Int(node.pointee.count)
    guard object.tag == .dict else {
      output.append(UInt8(ascii: "["))
      for place in 0..<count {
        if place > 0 { output.append(UInt8(ascii: ",")) }
        try write(node.pointee.items[place], to: &output, depth: depth - 1)
      }
      output.append(UInt8(ascii: "]"))
      return
    }
    output.append(UInt8(ascii: "{"))
    try withUnsafeTemporaryAllocation(of: Pair.self, capacity: count) { pairs throws(ObjectTextError) in
      try sortPairs(node, pairs)
      for place in 0..<count {
        if place > 0 { output.append(UInt8(ascii: ",")) }
        heap.texts.appendJSON(pairs[place].key, to: &output)
        output.append(UInt8(ascii: ":"))
        try write(pairs[place].value, to: &output, depth: depth - 1)
      }
    }
    output.append(UInt8(ascii: "}"))
  }

  private struct Pair: BitwiseCopyable {
    var key: UInt32
    var value: Object
  }

  private func sortPairs(
    _ node: UnsafeMutablePointer<ObjectNode>, _ pairs: UnsafeMutableBufferPointer<Pair>
  ) throws(ObjectTextError) {
    for place in 0..<pairs.count {
      let key = node.pointee.items[place * 2]
      let text = key.tag == .text ? key.id : try keyText(key)
      let pair = Pair(key: text, value: node.pointee.items[place * 2 + 1])
      var at = place
      if place < 32 {
        while at > 0, precedes(text, pairs[at - 1].key) {
          pairs[at] = pairs[at - 1]
          at -= 1
        }
      }
      pairs[at] = pair
    }
    if pairs.count > 32 {
      // Equal keys stay in their order, as Python's sort leaves them.
      let sorted = pairs.enumerated().sorted { a, b in
        precedes(a.element.key, b.element.key) || (a.element.key == b.element.key && a.offset < b.offset)
      }
      for (place, pair) in sorted.enumerated() { pairs[place] = pair.element }
    }
  }

  private func precedes(_ a: UInt32, _ b: UInt32) -> Bool {
    let (left, right) = (heap.texts[a], heap.texts[b])
    guard let l = left.baseAddress, let r = right.baseAddress else { return left.count < right.count }
    let order = memcmp(l, r, min(left.count, right.count))
    return order != 0 ? order < 0 : left.count < right.count
  }

  private func keyText(_ key: Object) throws(ObjectTextError) -> UInt32 {
    if key.tag == .date || key.tag == .datetime { return key.id }
    var text = ByteBuffer()
    try ObjectJSONWriter(heap: heap, at: 0).write(key, to: &text)
    // The writer looks only at what it wrote itself.
    heap.work += text.count
    return heap.texts.intern(text.text)
  }
}

extension ByteBuffer {
  /// Adds a text as a JSON string.
  public mutating func appendQuoted(_ text: String) {
    var text = text
    text.withUTF8 { appendQuoted($0) }
  }
}
