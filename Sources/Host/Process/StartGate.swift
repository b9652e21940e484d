import Synchronization

/// Lets programs start a few at a time. A program begins as a copy of this process and closes each descriptor of it before it
/// is what it shall be (close_range(2)), so a thousand that start at once close millions. Most programs end soon: those that
/// come after them then have less to close. One that goes on keeps nobody waiting for longer than its first moments.
final class StartGate: Sendable {
  /// How many may be in their first moments: enough to keep all cores busy.
  static let width = 16
  /// How long these last, at most.
  static let moments = Duration.milliseconds(20)

  private struct State {
    /// Programs in their first moments, by number, and when they came.
    var young: [Int: ContinuousClock.Instant] = [:]
    /// Those who wait, in order; a number that is not in `waiters` has given up.
    var line: [Int] = []
    /// Where the line begins.
    var first = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var lastID = 0
    var isAging = false
  }
  private let state = Mutex(State())

  /// Waits for a place.
  /// - Returns: its number, for `leave`.
  /// - Throws: `cancelled`.
  func enter() async throws(HostError) -> Int {
    let (id, enters) = state.withLock { state in
      state.lastID += 1
      let enters = state.young.count < Self.width && state.waiters.isEmpty
      if enters { state.young[state.lastID] = .now }
      return (state.lastID, enters)
    }
    if enters { return id }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (enters, ages) = state.withLock { state in
          // There may be a place by now, and who is cancelled already would not be told again.
          if Task.isCancelled || (state.young.count < Self.width && state.waiters.isEmpty) {
            state.young[id] = .now
            return (true, false)
          }
          state.waiters[id] = continuation
          state.line.append(id)
          defer { state.isAging = true }
          return (false, !state.isAging)
        }
        if enters { continuation.resume() }
        if ages { Task { await age() } }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
    if Task.isCancelled {
      leave(id)
      throw .cancelled
    }
    return id
  }

  /// Gives a place back: the program has ended, or was not started.
  func leave(_ id: Int) {
    let admitted = state.withLock { state in
      state.young.removeValue(forKey: id) == nil ? [] : Self.admit(&state)
    }
    for waiter in admitted { waiter.resume() }
  }

  /// Ends the first moments of those that have had them, for as long as somebody waits.
  private func age() async {
    while true {
      let oldest = state.withLock { $0.young.values.min() }
      if let oldest { try? await Task.sleep(until: oldest + Self.moments, clock: .continuous) }
      let (admitted, ends) = state.withLock { state in
        let limit = ContinuousClock.now - Self.moments
        state.young = state.young.filter { $0.value > limit }
        let admitted = Self.admit(&state)
        state.isAging = !state.waiters.isEmpty
        return (admitted, !state.isAging)
      }
      for waiter in admitted { waiter.resume() }
      if ends { return }
    }
  }

  /// Takes from the front of the line as many as there are places.
  private static func admit(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    var admitted: [CheckedContinuation<Void, Never>] = []
    while state.young.count < width, state.first < state.line.count {
      let id = state.line[state.first]
      state.first += 1
      guard let waiter = state.waiters.removeValue(forKey: id) else { continue }
      state.young[id] = .now
      admitted.append(waiter)
    }
    if state.first == state.line.count {
      state.line.removeAll(keepingCapacity: true)
      state.first = 0
    }
    return admitted
  }
}
