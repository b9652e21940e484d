import Testing

@testable import Suite

@Suite("The order of a sum") struct SumOrderTests {
  /// All jobs of all children, sorted by where they stand between 0 and 1, as teuthology's table has them.
  private func table(_ sizes: [Int]) -> [[Int]] {
    var all: [(point: Double, child: Int, job: Int)] = []
    for (child, size) in sizes.enumerated() {
      for job in 0..<size { all.append((Double(job) / Double(size), child, job)) }
    }
    return all.sorted { ($0.point, $0.child) < ($1.point, $1.child) }.map { [$0.child, $0.job] }
  }

  static let shapes: [[Int]] = [
    [1], [5], [1, 1, 1], [4, 4], [1, 2], [3, 1, 2], [7, 1, 3, 2], [2, 100], [12, 18, 30, 1], [997, 3, 41],
    Array(1...20), [1, 1, 64, 1],
  ]

  @Test(arguments: shapes) func isTheTablesWhenReadFromTheStart(_ sizes: [Int]) {
    var order = SumOrder(sizes: sizes)
    let read = (0..<sizes.reduce(0, +)).map { index in
      let item = order(index)
      return [item.child, item.job]
    }
    #expect(read == table(sizes))
  }

  @Test(arguments: shapes) func isTheTablesWhenReadAnywhere(_ sizes: [Int]) {
    let expected = table(sizes)
    var order = SumOrder(sizes: sizes)
    var index = 0
    // Steps of all lengths, forward and round, with repetitions.
    for step in 0..<200 {
      index = (index + [0, 1, 1, 7, 31, expected.count - 1][step % 6]) % expected.count
      let item = order(index)
      #expect([item.child, item.job] == expected[index], "at \(index)")
    }
  }

  @Test func reachesFarIntoHugeSumsAtOnce() {
    let large = 3_000_000_000_000_000_000
    var order = SumOrder(sizes: [large, 1, large + 1, 2])
    // Before the middle stand the halves of both large ones, the middle one of the odd, the single one, and one of two.
    #expect(order(large + 3) == (0, large / 2))
    #expect(order(large + 4) == (3, 1))
    #expect(order(large + 5) == (2, large / 2 + 1))
  }

  @Test func samplesReachAsFarAsTheSlowestChilds() {
    // Three files: one of each, and one more, as teuthology has it.
    #expect(SumOrder.sample(sizes: [1, 1, 1], samples: [1, 1, 1]) == 3)
    #expect(SumOrder.sample(sizes: [4, 2], samples: [1, 2]) == 6)
    #expect(SumOrder.sample(sizes: [100, 2], samples: [1, 1]) == 51)
    #expect(SumOrder.sample(sizes: [5, 3, 7], samples: [2, 3, 1]) == 15)
    #expect(SumOrder.sample(sizes: [6, 4], samples: [7, 1]) == 12)
  }
}
