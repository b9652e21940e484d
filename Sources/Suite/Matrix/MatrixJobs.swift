/// A job of a matrix before its fragments are merged.
public struct MatrixJob: Sendable, Hashable {
  /// Its description without the suite's name, in UTF-8: `{a/x b/{c d}}`, without any ".yaml".
  public var text: [UInt8]
  /// Its fragments as numbers of `SuiteMatrix.files`, in the order in which they are merged; each once.
  public var fragments: [Int32]

  init(text: [UInt8], fragments: [Int32]) {
    self.text = text
    self.fragments = fragments
  }

  /// Room for a job.
  public init() { self.init(text: [], fragments: []) }

  /// Its description.
  /// - Parameter suite: the name of the suite to put before it.
  public func description(suite: String? = nil) -> String {
    let text = String(decoding: text, as: UTF8.self)
    guard let suite, !suite.isEmpty else { return text }
    return text.isEmpty ? suite : suite.hasSuffix("/") ? suite + text : "\(suite)/\(text)"
  }
}

/// The jobs of a matrix, one after the other.
public struct MatrixJobs: Sendable {
  private let matrix: SuiteMatrix
  private var random: MersenneTwister
  private var index = 0
  /// The sums that were met, by their number.
  private var orders: [SumOrder?]
  /// The parts of descriptions that still have to be sorted into their braces.
  private var parts: [Range<Int>] = []
  private var sorted: [UInt8] = []

  init(matrix: SuiteMatrix) {
    self.matrix = matrix
    random = matrix.random
    orders = Array(repeating: nil, count: matrix.sumCount)
  }

  /// The next job; nil after the last.
  /// - Throws: `MatrixError`; not for a `SuiteMatrix`, which has tried them all if one can fail.
  public mutating func next() throws(MatrixError) -> MatrixJob? {
    var job = MatrixJob()
    return try next(into: &job) ? job : nil
  }

  /// As `next`, into the room of a job that is no more needed.
  /// - Returns: false after the last.
  public mutating func next(into job: inout MatrixJob) throws(MatrixError) -> Bool {
    guard index < matrix.count else { return false }
    job.text.removeAll(keepingCapacity: true)
    job.fragments.removeAll(keepingCapacity: true)
    try write(matrix.root, index, &job)
    index += 1
    Self.dropSuffixes(&job.text)
    Self.sortOnce(&job.fragments)
    return true
  }

  // MARK: Indexes

  /// Writes what a node is at an index: its part of the description and its fragments.
  private mutating func write(_ number: Int32, _ index: Int, _ job: inout MatrixJob) throws(MatrixError) {
    let node = matrix.nodes[Int(number)]
    job.text += matrix.names[Int(node.name.lowerBound)..<Int(node.name.upperBound)]
    let isNamed = !node.name.isEmpty
    switch node.kind {
    case .file: job.fragments.append(Int32(node.value))
    case .sum:
      if isNamed { job.text.append(UInt8(ascii: "/")) }
      let (child, inner) = order(of: node, index % node.size)
      try write(matrix.links[Int(node.children.lowerBound) + child].node, inner, &job)
    case .product:
      if isNamed { job.text.append(UInt8(ascii: "/")) }
      try writeProduct(node, index, &job)
    case .concat:
      if isNamed { job.text.append(UInt8(ascii: "/")) }
      try writeAll(node, &job)
    case .random:
      if isNamed { job.text.append(UInt8(ascii: "/")) }
      guard !node.children.isEmpty else { throw .emptyRandom(path: matrix.fragile[number] ?? matrix.folder) }
      let pick = random.below(node.children.count)
      job.text.append(UInt8(ascii: "{"))
      let child = matrix.links[Int(node.children.lowerBound) + pick].node
      // The pick is also the index that teuthology asks of what it picked.
      let inner = matrix.rules == .corrected ? random.below(max(1, matrix.nodes[Int(child)].size)) : pick
      try write(child, inner, &job)
      job.text.append(UInt8(ascii: "}"))
    case .cycle:
      let inner = matrix.links[Int(node.children.lowerBound)].node
      try write(inner, index % matrix.nodes[Int(inner)].size, &job)
    case .subset:
      let inner = matrix.links[Int(node.children.lowerBound)].node
      let index = matrix.rules == .corrected ? index % max(1, node.size) : index
      guard index + node.value < matrix.nodes[Int(inner)].size else {
        throw .pastSubset(path: matrix.fragile[number] ?? matrix.folder, index: index, size: node.size)
      }
      try write(inner, index + node.value, &job)
    }
  }

  private mutating func order(of node: MatrixNode, _ index: Int) -> (child: Int, job: Int) {
    if orders[node.value] == nil {
      orders[node.value] = SumOrder(sizes: node.children.map { matrix.nodes[Int(matrix.links[Int($0)].node)].size })
    }
    return orders[node.value]?(index) ?? (0, 0)
  }

  /// One of each child. Child and rest go round together; as both would come back to the same pair after `period` steps,
  /// the child is held back by one step more in each of the `shared` rounds. The last child gets the index as it is.
  private mutating func writeProduct(_ node: MatrixNode, _ index: Int, _ job: inout MatrixJob) throws(MatrixError) {
    let first = parts.count
    job.text.append(UInt8(ascii: "{"))
    for place in node.children {
      let link = matrix.links[Int(place)]
      var inner = index
      if place + 1 < node.children.upperBound {
        inner = (index - (index / link.period) % link.shared) % matrix.nodes[Int(link.node)].size
      }
      let start = job.text.count
      try write(link.node, inner, &job)
      parts.append(start..<job.text.count)
    }
    sortParts(from: first, &job.text)
  }

  /// All of all children. The same thing twice, as of a part that is repeated, counts once.
  private mutating func writeAll(_ node: MatrixNode, _ job: inout MatrixJob) throws(MatrixError) {
    let first = parts.count
    var seen: Set<MatrixJob> = []
    job.text.append(UInt8(ascii: "{"))
    for place in node.children {
      let child = matrix.links[Int(place)].node
      let size = matrix.nodes[Int(child)].size
      for index in 0..<size {
        let (start, fragments) = (job.text.count, job.fragments.count)
        try write(child, index, &job)
        let item = MatrixJob(text: Array(job.text[start...]), fragments: Array(job.fragments[fragments...]))
        if size > 1, !seen.insert(item).inserted {
          job.text.removeSubrange(start...)
          job.fragments.removeSubrange(fragments...)
        } else {
          parts.append(start..<job.text.count)
        }
      }
    }
    sortParts(from: first, &job.text)
  }

  // MARK: Text

  /// Brings the parts from a number on, which stand at the end of the text, into order, with blanks between and a brace
  /// at the end.
  private mutating func sortParts(from first: Int, _ text: inout [UInt8]) {
    guard first < parts.count else { return text.append(UInt8(ascii: "}")) }
    let start = parts[first].lowerBound
    text.withUnsafeBufferPointer { bytes in
      parts[first...].sort { bytes[$0].lexicographicallyPrecedes(bytes[$1]) }
      sorted.removeAll(keepingCapacity: true)
      for part in parts[first...] {
        sorted.append(contentsOf: bytes[part])
        sorted.append(UInt8(ascii: " "))
      }
    }
    sorted[sorted.count - 1] = UInt8(ascii: "}")
    parts.removeSubrange(first...)
    text.replaceSubrange(start..., with: sorted)
  }

  /// Takes every ".yaml" out, wherever it stands in a name.
  private static func dropSuffixes(_ text: inout [UInt8]) {
    let suffix: StaticString = ".yaml"
    let length = suffix.utf8CodeUnitCount
    var (read, write) = (0, 0)
    text.withUnsafeMutableBufferPointer { bytes in
      while read < bytes.count {
        if bytes[read] == UInt8(ascii: "."), read + length <= bytes.count,
          (1..<length).allSatisfy({ bytes[read + $0] == suffix.utf8Start[$0] })
        {
          read += length
        } else {
          bytes[write] = bytes[read]
          (read, write) = (read + 1, write + 1)
        }
      }
    }
    text.removeSubrange(write...)
  }

  private static func sortOnce(_ fragments: inout [Int32]) {
    var isSorted = true
    for place in fragments.indices.dropFirst() where fragments[place - 1] >= fragments[place] { isSorted = false }
    if isSorted { return }
    fragments.sort()
    var last: Int32 = -1
    fragments.removeAll { fragment in
      defer { last = fragment }
      return fragment == last
    }
  }
}
