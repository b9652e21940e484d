import Synchronization

/// Messages to and from another program over two streams of bytes: each side asks and answers, any number at once.
///
/// A message is its length (four bytes, big-endian), its kind, its number (four bytes) and its body. An answer has the number
/// of the question.
public final class MessageChannel: Sendable {
  enum Kind: UInt8, Sendable {
    /// Somebody waits for the answer.
    case question = 1
    case answer
    /// The answer of a question that failed.
    case failure
    /// Nobody needs the answer any more. It comes all the same, when what was under way has been cleaned up.
    case cancel
    /// Says something, and waits for nothing.
    case notice
  }

  /// What becomes of a question.
  public enum Answer: Sendable {
    case success([UInt8])
    case failure([UInt8])
  }

  private struct State: Sendable {
    var nextNumber: UInt32 = 1
    var awaited: Set<UInt32> = []
    var answers: [UInt32: Answer] = [:]
    /// Questions of the other side that are worked at.
    var work: [UInt32: Task<Void, Never>] = [:]
    var end: HostError?
  }

  /// The longest message, without its length. A longer one is no message, but noise.
  private static let lengthLimit = 1 << 30
  private static let headLength = 9

  private let state = Watched(State())
  private let outgoing: AsyncStream<[UInt8]>.Continuation
  private let waiting: AsyncStream<[UInt8]>

  public init() { (waiting, outgoing) = AsyncStream.makeStream() }

  // MARK: - Speaking

  /// Asks, and waits for the answer. A cancelled caller tells the other side so, and waits until it has cleaned up.
  /// - Throws: why the channel has ended; `invalid` for more than a message holds.
  public func ask(_ body: [UInt8]) async throws(HostError) -> Answer {
    guard body.count <= Self.lengthLimit - 5 else {
      throw HostError(.invalid, "more than 1 GiB at once cannot go to another machine", hint: "push it as a file")
    }
    let number = state.quietly { state in
      defer { state.nextNumber &+= 1 }
      state.awaited.insert(state.nextNumber)
      return state.nextNumber
    }
    send(.question, number, body)
    let answer = await withTaskCancellationHandler {
      // In a task of its own, which the cancellation does not reach.
      await Task<Answer?, Never> { (try? await self.answer(to: number)) ?? nil }.value
    } onCancel: {
      send(.cancel, number, [])
    }
    guard let answer else { throw end ?? .cancelled }
    return answer
  }

  private func answer(to number: UInt32) async throws(HostError) -> Answer? {
    try await state.wait { state -> Answer?? in
      if let answer = state.answers.removeValue(forKey: number) {
        state.awaited.remove(number)
        return .some(answer)
      }
      return state.end == nil ? nil : .some(nil)
    }
  }

  /// Says something that has no answer.
  public func tell(_ body: [UInt8]) { send(.notice, 0, body) }

  /// Why no more messages come; nil while they do.
  public var end: HostError? { state.quietly { $0.end } }

  private func send(_ kind: Kind, _ number: UInt32, _ body: [UInt8]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headLength + body.count)
    bytes.append(contentsOf: Self.bytes(of: UInt32(truncatingIfNeeded: 5 + body.count)))
    bytes.append(kind.rawValue)
    bytes.append(contentsOf: Self.bytes(of: number))
    bytes.append(contentsOf: body)
    outgoing.yield(bytes)
  }

  // MARK: - Listening

  /// Moves the messages until the other side has ended. What it asked for is then cancelled and waited for, and all that was asked
  /// of it fails.
  /// - Parameters:
  ///   - read: gives the next bytes; nil at the end.
  ///   - write: writes bytes; throws when nobody reads them.
  ///   - reason: why the messages have ended.
  ///   - perform: answers a question.
  ///   - note: hears a notice.
  public func run(
    read: @escaping @Sendable () async throws(HostError) -> [UInt8]?,
    write: @escaping @Sendable ([UInt8]) async throws(HostError) -> Void,
    endedBy reason: @escaping @Sendable () async -> HostError,
    perform: @escaping @Sendable ([UInt8]) async -> Answer, note: @escaping @Sendable ([UInt8]) -> Void
  ) async {
    let writer = Task { [waiting] in
      for await bytes in waiting {
        // What nobody reads ends the reading side, too.
        do { try await write(bytes) } catch { break }
      }
    }
    var buffer: [UInt8] = []
    var start = 0
    reading: while let chunk = try? await read() {
      buffer.removeFirst(start)
      start = 0
      buffer += chunk
      while buffer.count - start >= Self.headLength {
        let length = Int(Self.number(buffer, at: start))
        guard (5...Self.lengthLimit).contains(length) else { break reading }
        guard buffer.count - start >= 4 + length else { break }
        let body = Array(buffer[(start + Self.headLength)..<(start + 4 + length)])
        if let kind = Kind(rawValue: buffer[start + 4]) {
          take(kind, Self.number(buffer, at: start + 5), body, perform, note)
        }
        start += 4 + length
      }
    }
    let work = state.quietly { Array($0.work.values) }
    for task in work { task.cancel() }
    let error = await reason()
    state.change { $0.end = error }
    for task in work { await task.value }
    outgoing.finish()
    await writer.value
  }

  private func take(
    _ kind: Kind, _ number: UInt32, _ body: [UInt8],
    _ perform: @escaping @Sendable ([UInt8]) async -> Answer, _ note: (@Sendable ([UInt8]) -> Void)
  ) {
    switch kind {
    case .question:
      state.quietly { state in
        state.work[number] = Task {
          let answer = await perform(body)
          self.state.quietly { _ = $0.work.removeValue(forKey: number) }
          switch answer {
          case .success(let body): self.send(.answer, number, body)
          case .failure(let body): self.send(.failure, number, body)
          }
        }
      }
    case .answer, .failure:
      state.change { state in
        guard state.awaited.contains(number) else { return }
        state.answers[number] = kind == .answer ? .success(body) : .failure(body)
      }
    case .cancel: state.quietly { $0.work[number] }?.cancel()
    case .notice: note(body)
    }
  }

  private static func bytes(of number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
    bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
