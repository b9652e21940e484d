import Synchronization

/// The beginning of an input for a guest's program, kept until it is known that the program has been run: the lane that it was
/// written to may be another program's.
final class KeptInput: Sendable {
  private struct State: Sendable {
    var chunks: [[UInt8]] = []
    var size = 0
    /// Those of the chunks that come next are from here on; the end when they come from the source.
    var place = 0
    /// More came than is kept.
    var isIncomplete = false
  }

  /// In bytes. A lane that nobody reads takes some hundred KiB.
  private static let limit = 16 << 20
  private let state = Mutex(State())

  /// The same input, which is kept as it is read. Only chunks have to be: bytes are there still.
  func input(_ input: GuestInput) -> GuestInput {
    guard case .chunks(let next) = input else { return input }
    return .chunks { () async throws(HostError) in
      let again = self.state.withLock { state -> [UInt8]? in
        guard state.place < state.chunks.count else { return nil }
        state.place += 1
        return state.chunks[state.place - 1]
      }
      if let again { return again }
      guard let chunk = try await next() else { return nil }
      self.state.withLock { state in
        state.size += chunk.count
        if state.size > Self.limit { (state.chunks, state.place, state.isIncomplete) = ([], 0, true) }
        guard !state.isIncomplete else { return }
        state.chunks.append(chunk)
        state.place = state.chunks.count
      }
      return chunk
    }
  }

  /// Has the input begin again.
  /// - Returns: false when that cannot be done.
  func rewind() -> Bool {
    state.withLock { state in
      state.place = 0
      return !state.isIncomplete
    }
  }
}
