import Glibc

/// What is typed at standard input, or comes through it, read by a thread of its own: a read of a terminal cannot be
/// cancelled.
public final class StandardInput: Sendable {
  private struct State: Sendable {
    var chunks: [[UInt8]] = []
    var hasEnded = false
  }
  private let state = Watched(State())
  private static let chunk = 1 << 16
  /// Until so many pieces are waiting, more are read.
  private static let most = 16

  public init() {
    var thread = pthread_t()
    let own = Unmanaged.passRetained(self)
    pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<StandardInput>.fromOpaque(pointer).takeRetainedValue().readAll()
        return nil
      }, own.toOpaque())
    pthread_detach(thread)
  }

  private func readAll() {
    var buffer = [UInt8](repeating: 0, count: Self.chunk)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      let chunk = Array(buffer[..<count])
      state.change { $0.chunks.append(chunk) }
      while state.quietly({ $0.chunks.count >= Self.most }) { usleep(2000) }
    }
    state.change { $0.hasEnded = true }
  }

  /// The next piece; nil at the end.
  /// - Throws: `cancelled`.
  public func next() async throws(HostError) -> [UInt8]? {
    try await state.wait { state -> [UInt8]?? in
      if !state.chunks.isEmpty { return .some(state.chunks.removeFirst()) }
      return state.hasEnded ? .some(nil) : nil
    }
  }
}
