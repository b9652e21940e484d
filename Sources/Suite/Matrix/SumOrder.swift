/// In which order a sum takes the jobs of its children.
///
/// Child `c` of size `s` has its `k`-th job at the point `k / s` of a line from 0 to 1, and of jobs at the same point the
/// earlier child's comes first. That spreads each child evenly over the whole. teuthology tabulates this order for all
/// jobs. Here it is computed: before the point `x` stand `ceil(x * s)` jobs of each child, so of `total` jobs and `n`
/// children at most `i` stand before `(i - n) / total`, and at least `i - n`. From there at most `n` steps lead to job
/// `i`, and one more step to each job after it.
struct SumOrder: Sendable {
  /// The next job of a child.
  private struct Head {
    var job: Int
    let size: Int
    let child: Int

    /// Whether it stands before another: by cross-multiplication, in twice the width.
    func precedes(_ other: Head) -> Bool {
      let left = job.multipliedFullWidth(by: other.size)
      let right = other.job.multipliedFullWidth(by: size)
      if left.high != right.high { return left.high < right.high }
      if left.low != right.low { return left.low < right.low }
      return child < other.child
    }
  }

  private let sizes: [Int]
  private let total: Int
  /// Children of one size take turns, for which no heap is needed.
  private let isEven: Bool
  /// A heap with the job at `index` on top.
  private var heads: [Head] = []
  private var index = -1

  /// - Parameter sizes: the sizes of the children, each at least 1; their sum must be an Int.
  init(sizes: [Int]) {
    self.sizes = sizes
    total = sizes.reduce(0, +)
    isEven = sizes.allSatisfy { $0 == sizes[0] }
  }

  /// The child and its job at an index of the sum. Consecutive indexes cost the logarithm of the number of children.
  mutating func callAsFunction(_ wanted: Int) -> (child: Int, job: Int) {
    if isEven { return (wanted % sizes.count, wanted / sizes.count) }
    if wanted == index + 1, index >= 0 {
      step()
    } else if wanted != index {
      seek(wanted)
    }
    index = wanted
    return (heads[0].child, heads[0].job)
  }

  private mutating func seek(_ wanted: Int) {
    let start = max(0, wanted - sizes.count)
    var before = 0
    heads.removeAll(keepingCapacity: true)
    for (child, size) in sizes.enumerated() {
      // ceil(start * size / total); the quotient is at most size.
      let product = start.multipliedFullWidth(by: size)
      let (quotient, remainder) = total.dividingFullWidth(product)
      let job = quotient + (remainder > 0 ? 1 : 0)
      before += job
      heads.append(Head(job: job, size: size, child: child))
    }
    for root in stride(from: heads.count / 2, through: 0, by: -1) { sink(root) }
    for _ in before..<wanted { step() }
  }

  private mutating func step() {
    heads[0].job += 1
    sink(0)
  }

  private mutating func sink(_ root: Int) {
    var hole = root
    while true {
      var least = 2 * hole + 1
      guard least < heads.count else { return }
      if least + 1 < heads.count, heads[least + 1].precedes(heads[least]) { least += 1 }
      guard heads[least].precedes(heads[hole]) else { return }
      heads.swapAt(least, hole)
      hole = least
    }
  }

  /// How many indexes of the sum make a good sample, as teuthology reckons it.
  ///
  /// The child whose sample reaches farthest on the line, to the point `x`, decides: the sample of the sum is the number of
  /// jobs up to `x`, the children's own beyond their end included, without the last. At `x` itself stand jobs of the
  /// first child only, as teuthology moves each child a little behind the one before it.
  /// - Parameters:
  ///   - sizes: the children's sizes.
  ///   - samples: the children's samples.
  /// - Returns: nil when it is no Int.
  static func sample(sizes: [Int], samples: [Int]) -> Int? {
    var farthest = 0
    for child in sizes.indices {
      let left = samples[child].multipliedFullWidth(by: sizes[farthest])
      let right = samples[farthest].multipliedFullWidth(by: sizes[child])
      if (left.high, left.low) > (right.high, right.low) { farthest = child }
    }
    var count = -1
    for (child, size) in sizes.enumerated() {
      let product = samples[farthest].multipliedFullWidth(by: size)
      guard product.high < sizes[farthest] else { return nil }
      let (quotient, remainder) = sizes[farthest].dividingFullWidth(product)
      // The first child has jobs at points 0 up to x, the others below x only.
      let (sum, overflow) = count.addingReportingOverflow(
        child == 0 || remainder > 0 ? quotient + 1 : quotient)
      guard !overflow else { return nil }
      count = sum
    }
    return count
  }
}
