import Glibc
import Subprocess

/// A program that runs beside its caller, in a process group of its own. When the program ends, or ``run()`` is
/// cancelled, all that is left of its group is ended too.
public final class ChildProcess: Sendable {
  private struct State: Sendable {
    /// While it runs: its group can be signalled, and its input written.
    var running: RunningProgram?
    var id: pid_t?
    var outcome: Result<CommandResult, HostError>?
    /// What was read of its output and not yet taken, from `start` on.
    var output: [UInt8] = []
    var start = 0
    var outputEnded = false
    /// How many wait for more than is there.
    var readers = 0
    /// All there is to come is wanted, for the result.
    var takesAll = false
    var isWriting = false
    var isClosing = false

    var count: Int { output.count - start }

    mutating func take(_ count: Int) -> [UInt8] {
      defer { start += count }
      return Array(output[start..<(start + count)])
    }

    /// The next line without its line feed. At the end of the output the last one has none.
    mutating func line() -> [UInt8]? {
      let length: Int? = output.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress, start < bytes.count,
          let feed = memchr(base + start, 10, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(feed) - (base + start)
      }
      if let length {
        defer { start += 1 }
        return take(length)
      }
      return outputEnded && count > 0 ? take(count) : nil
    }

    /// How the output ends for its reader.
    var end: Result<[UInt8]?, HostError>? {
      if case .failure(let error) = outcome { return .failure(error) }
      return outputEnded || outcome != nil ? .success(nil) : nil
    }
  }

  /// From this on the program is not read before somebody takes from what is there.
  private static let bufferSize = 1 << 16

  private let host: LocalHost
  private let command: Command
  private let timeLimit: Duration?
  private let pipesInput: Bool
  private let state = Watched(State())

  /// - Parameter pipesInput: the input is what ``write(_:)`` writes, not the command's.
  public init(_ host: LocalHost, _ command: Command, timeLimit: Duration?, pipesInput: Bool) {
    self.host = host
    self.command = command
    self.timeLimit = timeLimit
    self.pipesInput = pipesInput
  }

  /// The program's process, also after its end; nil when it was never started, as in a dry run.
  public var id: Int? { state.quietly { $0.id.map(Int.init) } }
  /// Whether it has ended, with all its group.
  public var hasEnded: Bool { state.quietly { $0.outcome != nil } }

  // MARK: - Its life

  /// Runs the program; returns when it has ended. Called once, by the task that the process belongs to.
  public func run() async {
    let outcome: Result<CommandResult, HostError>
    do throws(HostError) {
      outcome = .success(
        try await host.run(command, timeLimit: timeLimit) { program, arguments async throws(HostError) in
          let (status, streams) = try await self.host.start(program, arguments, of: self.command) {
            running async throws(HostError) in
            try await self.look(after: running)
          }
          return CommandResult(status: status, output: streams.output, error: streams.error)
        })
    } catch { outcome = .failure(error) }
    state.change { $0.outcome = outcome }
  }

  private func look(after running: RunningProgram) async throws(HostError) -> (output: [UInt8], error: [UInt8]) {
    state.change {
      $0.running = running
      $0.id = running.id
    }
    let result = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        guard (try? await self.state.wait { $0.isClosing ? true : nil }) != nil else { return }
        await ProcessGroup.end(running.id)
      }
      if !pipesInput { group.addTask { await running.feed(self.command.input ?? []) } }
      defer { group.cancelAll() }
      do throws(HostError) {
        var output = command.output
        if case .capture = output { output = .chunks { chunk async throws(HostError) in try await self.put(chunk) } }
        let captured = try await LocalHost.read(running, to: output, command.error)
        state.change { $0.outputEnded = true }
        try await ProcessGroup.waitForEnd(of: running.id)
        return Result<_, HostError>.success(captured)
      } catch { return .failure(error) }
    }
    // Here the leader has not been waited for, so the number of the group is still its own.
    state.change { $0.running = nil }
    await ProcessGroup.end(running.id)
    // The descriptor of the input is closed after this, and may come to mean something else.
    await Task { _ = try? await self.state.wait { $0.isWriting ? nil : true } }.value
    return try result.get()
  }

  /// Waits until it runs.
  /// - Throws: why it could not be started.
  public func started() async throws(HostError) {
    let failure = try await state.wait { state -> HostError?? in
      if state.id != nil { return .some(nil) }
      switch state.outcome {
      case .failure(let error): return error
      case .success: return .some(nil)
      case nil: return nil
      }
    }
    if let failure { throw failure }
  }

  /// Waits until it has ended, with all its group.
  /// - Returns: its status, its errors, and the output that nobody has taken.
  /// - Throws: `timeout` when its time limit passed, `cancelled`, and what a target of its output threw.
  public func wait() async throws(HostError) -> CommandResult {
    state.change { $0.takesAll = true }
    let outcome = try await state.wait { $0.outcome }
    var result = try outcome.get()
    result.output = state.quietly { Array($0.output[$0.start...]) }
    return result
  }

  /// Sends a signal to the whole group.
  /// - Returns: false when it has ended.
  public func signal(_ number: Int32) -> Bool {
    state.quietly { state in
      guard let running = state.running else { return false }
      return kill(-running.id, number) == 0
    }
  }

  /// Ends the whole group, by force after two seconds, and waits for it.
  public func close() async {
    state.change { $0.isClosing = true }
    await Task { _ = try? await self.state.wait { $0.outcome == nil ? nil : true } }.value
  }

  // MARK: - Its input

  /// Writes to the standard input; waits while the program does not read.
  /// - Throws: `system` when the program has closed its input or ended.
  public func write(_ bytes: [UInt8]) async throws(HostError) {
    let name = command.arguments.first ?? "?"
    if host.isDryRun, id == nil { return }
    guard pipesInput else { throw HostError(.invalid, "\(name) was not started with stdin = \"pipe\"") }
    let input = try await beginWriting()
    var count = 0
    if let input { count = (try? await input.write(bytes)) ?? 0 }
    state.change { $0.isWriting = false }
    guard count < bytes.count || input == nil else { return }
    if Task.isCancelled { throw .cancelled }
    throw HostError(.system, "\(name) does not read its input any more")
  }

  /// Lets the program see the end of its input.
  public func closeInput() async throws(HostError) {
    guard let input = try await beginWriting() else { return state.change { $0.isWriting = false } }
    try? await input.finish()
    state.change { $0.isWriting = false }
  }

  /// Waits for its turn.
  private func beginWriting() async throws(HostError) -> StandardInputWriter? {
    try await state.wait { state -> StandardInputWriter?? in
      if state.isWriting { return nil }
      state.isWriting = true
      return .some(state.running?.input)
    }
  }

  // MARK: - Its output

  /// Keeps what was read, and waits until there is room for more.
  private func put(_ chunk: [UInt8]) async throws(HostError) {
    let count = state.change { state in
      if state.isClosing { return 0 }
      state.output.removeFirst(state.start)
      state.start = 0
      state.output += chunk
      return state.count
    }
    guard count <= LocalHost.outputLimit else { throw LocalHost.tooLong }
    _ = try await state.wait {
      $0.count < Self.bufferSize || $0.readers > 0 || $0.takesAll || $0.isClosing ? true : nil
    }
  }

  /// The next line, if it has been read already. Does not wait.
  public func lineIfThere() -> [UInt8]? {
    let (line, hasRoom) = state.quietly { ($0.line(), $0.count < Self.bufferSize) }
    if hasRoom { state.wake() }
    return line
  }

  /// The next line without its line feed, nil at the end.
  /// - Throws: why the program did not come to its end.
  public func line() async throws(HostError) -> [UInt8]? {
    try await take { $0.line() }
  }

  /// What is there of the output, at least a byte and at most `count`; nil at the end.
  /// - Throws: as ``line()``.
  public func read(_ count: Int) async throws(HostError) -> [UInt8]? {
    try await take { $0.count > 0 ? $0.take(min($0.count, count)) : nil }
  }

  private func take(_ body: @escaping @Sendable (inout State) -> [UInt8]?) async throws(HostError) -> [UInt8]? {
    state.change { $0.readers += 1 }
    defer { state.change { $0.readers -= 1 } }
    let taken = try await state.wait { state -> Result<[UInt8]?, HostError>? in
      if let bytes = body(&state) { return .success(bytes) }
      return state.end
    }
    return try taken.get()
  }
}
