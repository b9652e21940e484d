import CHost
import Glibc
import Subprocess
import SystemPackage

/// A program that runs, as the code sees it that looks after it. Good for as long as that code runs.
struct RunningProgram: Sendable {
  /// Its process, which leads a group of its own.
  let id: pid_t
  /// The outputs that the host reads.
  let output: SubprocessOutputSequence?
  let error: SubprocessOutputSequence?
  /// What writes its input, unless it reads a descriptor of the host.
  let input: StandardInputWriter?

  /// Writes all of its input. A program may end without having read it.
  func feed(_ bytes: [UInt8]) async {
    guard let input else { return }
    if !bytes.isEmpty { _ = try? await input.write(bytes) }
    try? await input.finish()
  }
}

extension LocalHost {
  /// Most that is kept of a command's output, and of a line.
  static let outputLimit = 64 << 20
  static let tooLong = HostError(
    .system, "the output is longer than 64 MiB", hint: "take it by lines, or into a file")

  /// Starts the program in a process group of its own, sees its outputs to their targets, and waits for its end. When
  /// the task is cancelled or a target throws, the whole group is ended.
  func spawn(_ program: String, _ arguments: [String], of command: Command) async throws(HostError) -> CommandResult {
    let (status, streams) = try await start(program, arguments, of: command) {
      running async throws(HostError) in
      async let fed: Void = running.feed(command.input ?? [])
      let captured = try await Self.read(running, to: command.output, command.error)
      await fed
      return captured
    }
    return CommandResult(status: status, output: streams.output, error: streams.error)
  }

  /// Starts the program in a process group of its own, runs `body` beside it, and waits for both to end. When `body`
  /// throws or the task is cancelled, the whole group is asked to end and killed two seconds later. (A group, not a
  /// session: sudo knows the caller's earlier password by the terminal of the session.)
  func start<Value: Sendable>(
    _ program: String, _ arguments: [String], of command: Command,
    _ body: @escaping @Sendable (RunningProgram) async throws(HostError) -> Value
  ) async throws(HostError) -> (status: Int, value: Value) {
    chost_survive_broken_pipes()
    let terminal = try command.inputSource == .inherit ? TerminalLoan() : nil
    defer { terminal?.end() }
    let (input, inputFile) = try await Self.source(command.inputSource)
    let place: Int
    do throws(HostError) { place = try await startGate.enter() } catch {
      try? inputFile?.close()
      throw error
    }
    defer { startGate.leave(place) }
    var platform = PlatformOptions()
    if !command.leavesProgram { platform.processGroupID = 0 }
    platform.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
    ]
    let configuration = Configuration(
      executable: .path(FilePath(program)), arguments: Arguments(arguments),
      environment: .custom(Self.variables(of: command)),
      workingDirectory: command.workingDirectory.map { FilePath($0) },
      platformOptions: platform)
    var files = [inputFile]
    let output: Sink
    let error: Sink
    do throws(HostError) {
      output = try Self.sink(command.output, .standardOutput)
      files.append(output.file)
      error = try Self.sink(command.error, .standardError)
    } catch {
      for file in files { try? file?.close() }
      throw error
    }
    do {
      let body = Self.looked(after: body, of: command, terminal)
      let ended: (status: Int, value: Value)
      if let input {
        ended = try await Self.run(configuration, input, command, output.target, error.target, body)
      } else {
        ended = try await Self.run(
          configuration, CustomWriteInput.inputWriter, command, output.target, error.target, body)
      }
      try Task.checkCancellation()
      return ended
    } catch let error as HostError {
      throw error
    } catch is CancellationError {
      throw HostError.cancelled
    } catch {
      if Task.isCancelled { throw HostError.cancelled }
      throw HostError(.system, "could not run \(program): \(error)", command: command.arguments)
    }
  }

  /// `body`, and around it what the program has besides its outputs, to its end.
  private static func looked<Value: Sendable>(
    after body: @escaping Body<Value>, of command: Command, _ terminal: TerminalLoan?
  ) -> Body<Value> {
    let isScripts = command.isScripts
    guard isScripts || terminal != nil else { return body }
    return { running async throws(HostError) in
      if isScripts { ScriptPrograms.began(running.id) }
      defer { if isScripts { ScriptPrograms.ends(running.id) } }
      terminal?.hand(to: running.id)
      defer { terminal?.takeBack() }
      let keeper = terminal.map { terminal in Task { await terminal.keepRunning(running.id) } }
      defer { keeper?.cancel() }
      do throws(HostError) {
        let value = try await body(running)
        // It may have closed its outputs, or never had one that is read.
        try await ProcessGroup.waitForEnd(of: running.id)
        return value
      } catch {
        await ProcessGroup.end(running.id)
        throw error
      }
    }
  }

  /// The caller's variables, changed as the command says, as execve(2) takes them. (The library's own way makes a dictionary of
  /// them for each program, which took a fifth of the time that it takes to start one.)
  private static func variables(of command: Command) -> [[UInt8]] {
    // What the host reads is to be the same everywhere.
    var changes: [String: String?] = command.isScripts ? [:] : ["LC_ALL": "C.UTF-8"]
    changes.merge(command.environment) { $1 }
    let changed = changes.keys.map { Array($0.utf8) + [UInt8(ascii: "=")] }
    var variables: [[UInt8]] = []
    var entry = environ
    while let text = entry.pointee {
      let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
      // The library refuses these, and no shell can have set them.
      let isNamed = bytes.contains(UInt8(ascii: "=")) && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[0])
      if isNamed, !changed.contains(where: { bytes.starts(with: $0) }) { variables.append(Array(bytes) + [0]) }
      entry += 1
    }
    for (name, value) in changes { if let value { variables.append(Array("\(name)=\(value)".utf8) + [0]) } }
    return variables
  }

  // Which outputs are read is part of a type in the library, so each way of reading has its own call.

  private typealias Body<Value> = @Sendable (RunningProgram) async throws(HostError) -> Value
  private typealias Streams = (output: SubprocessOutputSequence?, error: SubprocessOutputSequence?)

  private static func run<Input: HostInput, Value: Sendable>(
    _ configuration: Configuration, _ input: Input, _ command: Command, _ output: any ErrorOutputProtocol,
    _ error: any ErrorOutputProtocol, _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    switch (command.output.isRead, command.error.isRead) {
    case (true, true): try await runReadingBoth(configuration, input, body)
    case (true, false): try await runReadingOutput(configuration, input, error, body)
    case (false, true): try await runReadingError(configuration, input, output, body)
    case (false, false): try await runReadingNeither(configuration, input, output, error, body)
    }
  }

  private static func runReadingBoth<Input: HostInput, Value: Sendable>(
    _ configuration: Configuration, _ input: Input, _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    try await run(
      configuration, input, SequenceOutput.sequence, SequenceOutput.sequence,
      reading: { ($0.standardOutput, $0.standardError) }, body)
  }

  private static func runReadingOutput<Input: HostInput, Error: ErrorOutputProtocol, Value: Sendable>(
    _ configuration: Configuration, _ input: Input, _ error: Error, _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    try await run(configuration, input, SequenceOutput.sequence, error, reading: { ($0.standardOutput, nil) }, body)
  }

  private static func runReadingError<Input: HostInput, Output: OutputProtocol, Value: Sendable>(
    _ configuration: Configuration, _ input: Input, _ output: Output, _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    try await run(configuration, input, output, SequenceOutput.sequence, reading: { (nil, $0.standardError) }, body)
  }

  private static func runReadingNeither<
    Input: HostInput, Output: OutputProtocol, Error: ErrorOutputProtocol, Value: Sendable
  >(
    _ configuration: Configuration, _ input: Input, _ output: Output, _ error: Error, _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    try await run(configuration, input, output, error, reading: { _ in (nil, nil) }, body)
  }

  private static func run<
    Input: HostInput, Output: OutputProtocol, Error: ErrorOutputProtocol, Value: Sendable
  >(
    _ configuration: Configuration, _ input: Input, _ output: Output, _ error: Error,
    reading: @escaping @Sendable (Execution<Input, Output, Error>) -> Streams,
    _ body: @escaping Body<Value>
  ) async throws -> (status: Int, value: Value) {
    let ended = try await Subprocess.run(configuration, input: input, output: output, error: error) {
      execution in
      let streams = reading(execution)
      let running = RunningProgram(
        id: execution.processIdentifier.value, output: streams.output, error: streams.error,
        input: Input.writer(of: execution))
      do {
        let value = try await body(running)
        try Task.checkCancellation()
        return (value, running.id)
      } catch {
        // The teardown of the library ends when the leader does, whatever else of the group goes on.
        await ProcessGroup.end(running.id)
        throw error
      }
    }
    let (value, group) = ended.closureResult
    // What the program has left running. Its number is free by now, but numbers are given out in turn: it does not come to
    // another group at once.
    if kill(-group, 0) == 0 { await ProcessGroup.end(group) }
    return (ended.terminationStatus.code, value)
  }

  // MARK: - Inputs and outputs

  /// - Returns: nil for bytes that are written to it.
  private static func source(
    _ source: Command.InputSource
  ) async throws(HostError) -> (FileDescriptorInput?, FileDescriptor?) {
    switch source {
    case .bytes: return (nil, nil)
    case .inherit: return (.fileDescriptor(.standardInput, closeAfterSpawningProcess: false), nil)
    case .file(let path):
      // Without O_NONBLOCK the thread would stand still until somebody opens the other end of a named pipe.
      let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard number >= 0 else { throw .system("could not read \(path)", errno: errno) }
      let file = FileDescriptor(rawValue: number)
      do throws(HostError) { try await waitForWriter(of: number) } catch {
        try? file.close()
        throw error
      }
      _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
      return (.fileDescriptor(file, closeAfterSpawningProcess: true), file)
    }
  }

  /// Waits until a named pipe has something to read, or has had a writer: before that its reader would see its end.
  private static func waitForWriter(of file: Int32) async throws(HostError) {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
    var interval = Duration.milliseconds(1)
    var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    while poll(&entry, 1, 0) == 0 {
      try await pause(interval)
      interval = min(interval * 2, .milliseconds(20))
    }
  }

  private typealias Sink = (target: any ErrorOutputProtocol, file: FileDescriptor?)

  /// - Parameter own: the caller's descriptor of the same use.
  private static func sink(_ target: OutputTarget, _ own: FileDescriptor) throws(HostError) -> Sink {
    switch target {
    case .capture, .lines, .chunks: return (SequenceOutput.sequence, nil)
    case .inherit: return (FileDescriptorOutput.fileDescriptor(own, closeAfterSpawningProcess: false), nil)
    case .discard: return (DiscardedOutput.discarded, nil)
    case .standardOutput: return (CombinedErrorOutput.combinedWithOutput, nil)
    case .file(let path, let append):
      let number = try OutputTarget.open(path, append: append)
      let file = FileDescriptor(rawValue: number)
      return (FileDescriptorOutput.fileDescriptor(file, closeAfterSpawningProcess: true), file)
    }
  }

  /// Reads both outputs to their ends.
  /// - Returns: what is captured of them.
  static func read(
    _ running: RunningProgram, to output: OutputTarget, _ error: OutputTarget
  ) async throws(HostError) -> (output: [UInt8], error: [UInt8]) {
    let results = await withTaskGroup(of: (isOutput: Bool, Result<[UInt8], HostError>).self) { group in
      for (isOutput, stream, target) in [(true, running.output, output), (false, running.error, error)] {
        guard let stream else { continue }
        group.addTask {
          do throws(HostError) {
            return (isOutput, .success(try await read(stream, to: target)))
          } catch {
            return (isOutput, .failure(error))
          }
        }
      }
      var results: [(isOutput: Bool, Result<[UInt8], HostError>)] = []
      for await result in group {
        results.append(result)
        if case .failure = result.1 { group.cancelAll() }
      }
      return results
    }
    var (captured, errors): ([UInt8], [UInt8]) = ([], [])
    // In the order of their ends: the first failure is the one that cancelled the other.
    for (isOutput, result) in results {
      if isOutput { captured = try result.get() } else { errors = try result.get() }
    }
    return (captured, errors)
  }

  private static func read(
    _ stream: SubprocessOutputSequence, to target: OutputTarget
  ) async throws(HostError) -> [UInt8] {
    switch target {
    case .chunks(let take):
      try await forEachChunk(of: stream, take)
      return []
    case .lines(let take):
      try await forEachLine(of: stream, take)
      return []
    default:
      return try await collect(stream)
    }
  }

  // Loops, and no closures that collect into a variable around them: of those swiftc 6.3.1 lost what they had collected, in
  // an optimized build.
  private static func collect(_ stream: SubprocessOutputSequence) async throws(HostError) -> [UInt8] {
    var chunks = stream.makeAsyncIterator()
    var bytes: [UInt8] = []
    while let chunk = try await next(&chunks) {
      bytes += chunk
      guard bytes.count <= outputLimit else { throw tooLong }
    }
    return bytes
  }

  private static func forEachLine(
    of stream: SubprocessOutputSequence, _ take: OutputTarget.Lines
  ) async throws(HostError) {
    var chunks = stream.makeAsyncIterator()
    var lines = WholeLines()
    while let chunk = try await next(&chunks) { if let ready = try lines.add(chunk) { try await take(ready) } }
    if let last = lines.end() { try await take(last) }
  }

  /// - Throws: what `body` throws, and `cancelled`.
  static func forEachChunk(
    of stream: SubprocessOutputSequence, _ body: OutputTarget.Lines
  ) async throws(HostError) {
    var chunks = stream.makeAsyncIterator()
    while let chunk = try await next(&chunks) { try await body(chunk) }
  }

  /// - Returns: nil at the end of the output.
  /// - Throws: `cancelled`: a cancelled read looks like the end of the output.
  private static func next(_ chunks: inout SubprocessOutputSequence.AsyncIterator) async throws(HostError) -> [UInt8]? {
    let chunk: SubprocessOutputSequence.Buffer?
    do { chunk = try await chunks.next() } catch {
      if Task.isCancelled { throw HostError.cancelled }
      throw HostError(.system, "could not read a program's output: \(error)")
    }
    if Task.isCancelled { throw HostError.cancelled }
    return chunk.map { $0.withUnsafeBytes { Array($0) } }
  }
}

/// What a program's standard input can be.
private protocol HostInput: InputProtocol, Sendable {
  /// What writes to it.
  static func writer<Output, Error>(of execution: Execution<Self, Output, Error>) -> StandardInputWriter?
}

extension CustomWriteInput: HostInput {
  fileprivate static func writer<Output, Error>(of execution: Execution<Self, Output, Error>) -> StandardInputWriter? {
    execution.standardInputWriter
  }
}

extension FileDescriptorInput: HostInput {
  fileprivate static func writer<Output, Error>(of execution: Execution<Self, Output, Error>) -> StandardInputWriter? {
    nil
  }
}

extension TerminationStatus {
  /// As a shell tells it: 128 + N for signal N.
  var code: Int {
    switch self {
    case .exited(let code): Int(code)
    case .signaled(let signal): 128 + Int(signal)
    }
  }
}
