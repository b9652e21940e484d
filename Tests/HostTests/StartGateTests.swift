import Testing

@testable import Host

@Suite struct StartGateTests {
  @Test func programsThatGoOnKeepNobodyWaiting() async throws {
    let gate = StartGate()
    var places: Set<Int> = []
    for _ in 0..<(3 * StartGate.width) { places.insert(try await gate.enter()) }
    #expect(places.count == 3 * StartGate.width)
  }

  @Test func aPlaceThatIsGivenBackGoesToTheFirstInLine() async throws {
    let gate = StartGate()
    for _ in 0..<1000 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<(2 * StartGate.width) { group.addTask { gate.leave(try await gate.enter()) } }
        try await group.waitForAll()
      }
    }
  }

  @Test func whoIsCancelledInLineTakesNoPlace() async throws {
    let gate = StartGate()
    var cancelled = 0
    for _ in 0..<200 {
      var places: [Int] = []
      for _ in 0..<StartGate.width { places.append(try await gate.enter()) }
      let waiting = Task { try await gate.enter() }
      waiting.cancel()
      if case .failure(let error as HostError) = await waiting.result {
        #expect(error == .cancelled)
        cancelled += 1
      }
      for place in places { gate.leave(place) }
    }
    #expect(cancelled > 0)
    // None of them holds a place, nor stands in line.
    for _ in 0..<StartGate.width { _ = try await gate.enter() }
  }
}
