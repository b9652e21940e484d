/// Which fragments of a matrix can be in one job.
struct Meetings {
  private let matrix: SuiteMatrix
  /// For each node the one above it, -1 for the root.
  private var parents: [Int32]
  /// For each fragment its node.
  private var leaves: [Int32]

  init(_ matrix: SuiteMatrix) {
    self.matrix = matrix
    parents = Array(repeating: -1, count: matrix.nodes.count)
    leaves = Array(repeating: -1, count: matrix.files.count)
    for (number, node) in matrix.nodes.enumerated() {
      for place in node.children { parents[Int(matrix.links[Int(place)].node)] = Int32(number) }
      if node.kind == .file { leaves[node.value] = Int32(number) }
    }
  }

  /// Whether a job can have both: they come together in a product or a `+`, or are alternatives of one sum of which a `+`
  /// further up takes all.
  func canMeet(_ first: Int32, _ second: Int32) -> Bool {
    var above: Set<Int32> = []
    var node = leaves[Int(first)]
    while node >= 0 {
      above.insert(node)
      node = parents[Int(node)]
    }
    node = leaves[Int(second)]
    while node >= 0, !above.contains(node) { node = parents[Int(node)] }
    guard node >= 0 else { return false }
    switch matrix.nodes[Int(node)].kind {
    case .product, .concat: return true
    case .sum: break
    default: return false
    }
    while node >= 0 {
      switch matrix.nodes[Int(node)].kind {
      case .concat: return true
      // It takes one thing of what is below.
      case .random: return false
      default: node = parents[Int(node)]
      }
    }
    return false
  }
}
