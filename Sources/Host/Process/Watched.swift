import Synchronization

/// State that tasks change and wait on.
final class Watched<State: Sendable>: Sendable {
  private struct Contents {
    var state: State
    var version = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextID = 0
  }
  private let contents: Mutex<Contents>

  init(_ state: State) { contents = Mutex(Contents(state: state)) }

  /// Changes the state, and has those who wait look again.
  func change<R: Sendable>(_ body: @Sendable (inout State) -> R) -> R {
    let result = contents.withLock { body(&$0.state) }
    wake()
    return result
  }

  /// Changes the state in a way that nobody waits for.
  func quietly<R: Sendable>(_ body: @Sendable (inout State) -> R) -> R {
    contents.withLock { body(&$0.state) }
  }

  func wake() {
    let waiters = contents.withLock { contents in
      contents.version += 1
      defer { contents.waiters = [:] }
      return contents.waiters
    }
    for waiter in waiters.values { waiter.resume() }
  }

  /// Waits until `body` gives something; then it may change the state.
  /// - Throws: `cancelled`.
  func wait<R: Sendable>(_ body: @Sendable (inout State) -> R?) async throws(HostError) -> R {
    while true {
      let (result, seen, id) = contents.withLock { contents in
        contents.nextID += 1
        return (body(&contents.state), contents.version, contents.nextID)
      }
      if let result {
        wake()
        return result
      }
      if Task.isCancelled { throw .cancelled }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isLate = contents.withLock { contents in
            if contents.version != seen || Task.isCancelled { return true }
            contents.waiters[id] = continuation
            return false
          }
          if isLate { continuation.resume() }
        }
      } onCancel: {
        contents.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
      }
    }
  }
}
