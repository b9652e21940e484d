import Glibc

/// What a guest's serial console says and is told. Any number of readers follow its log, which QEMU writes whoever else is
/// there; a writer has the console's socket only as long as it writes. So no reader takes anything from another.
public final class GuestConsole: Sendable {
  private let folder: MachineFolder
  private let log: Int32
  private let state: Watched<State>

  private struct State: Sendable {
    /// What was read of the log and not yet taken.
    var pending: [UInt8] = []
    /// Where in the log to read on.
    var place: off_t
    var isReading = false
    /// When what came, for who wants to know.
    var stamps: ConsoleStamps?
    var isAtLineStart = true

    /// Takes what was read, with the time before each line.
    mutating func take(_ bytes: ArraySlice<UInt8>, from log: Int32) {
      defer { place += off_t(bytes.count) }
      guard stamps != nil else { return pending += bytes }
      for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
        let isLast = line.endIndex == bytes.endIndex
        if isLast && line.isEmpty { break }
        if isAtLineStart, let time = stamps?.time(of: place + off_t(line.startIndex - bytes.startIndex), in: log) {
          pending += ConsoleStamps.text(time)
        }
        pending += line
        if !isLast { pending.append(UInt8(ascii: "\n")) }
        isAtLineStart = !isLast
      }
    }
  }

  /// - Parameters:
  ///   - fromStart: begin with all that was said since the machine's start; else with what comes now.
  ///   - timestamps: put the time at which it came before each line.
  /// - Throws: `missing` when the machine has no console, or nobody noted times.
  public init(_ folder: MachineFolder, fromStart: Bool, timestamps: Bool = false) throws(HostError) {
    let stamps = timestamps ? try ConsoleStamps(folder) : nil
    self.folder = folder
    log = open(folder.consoleLog, O_RDONLY | O_CLOEXEC)
    guard log >= 0 else { throw .system("could not read \(folder.consoleLog)", errno: errno) }
    state = Watched(State(place: fromStart ? 0 : lseek(log, 0, SEEK_END), stamps: stamps))
  }

  deinit { close(log) }

  // MARK: - Reading

  /// What has come and was not yet taken, at least a byte; nil when QEMU has ended and all was taken.
  public func read() async throws(HostError) -> [UInt8]? {
    try await take { pending -> [UInt8]? in
      guard !pending.isEmpty else { return nil }
      defer { pending = [] }
      return pending
    }
  }

  /// The next line, without its end; nil when QEMU has ended. What it says last needs no line feed.
  public func line() async throws(HostError) -> [UInt8]? {
    let line = try await take { pending -> [UInt8]? in
      guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      defer { pending.removeFirst(end + 1) }
      return Array(pending[..<end])
    }
    guard var line else { return try await read() }
    while line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }

  /// Takes bytes as soon as `body` finds what it looks for at the front of what has come.
  /// - Parameter body: takes from the front; nil when more has to come.
  /// - Returns: nil when QEMU has ended before.
  public func take<R: Sendable>(
    _ body: @Sendable (inout [UInt8]) throws(HostError) -> R?
  ) async throws(HostError) -> R? {
    var ended = false
    while true {
      let found = state.quietly { state -> Result<R?, HostError> in
        do throws(HostError) { return .success(try body(&state.pending)) } catch { return .failure(error) }
      }
      if let found = try found.get() { return found }
      if ended { return nil }
      if try !more() {
        // Looked at once more after its end, for its last words.
        ended = !isAlive
        if !ended { try await pause(.milliseconds(10)) }
      }
    }
  }

  /// How waiting for more has ended.
  public enum Waited: Sendable { case more, ended, late }

  /// Waits until more has come than `count` bytes that nobody has taken.
  public func more(than count: Int, until end: ContinuousClock.Instant) async throws(HostError) -> Waited {
    var hasEnded = false
    while true {
      while try more() {}
      if pending.count > count { return .more }
      if hasEnded { return .ended }
      if ContinuousClock.now >= end { return .late }
      hasEnded = !isAlive
      if !hasEnded { try await pause(.milliseconds(10)) }
    }
  }

  /// What has come, as ``read()``; nil as well when nothing comes within the limit.
  public func read(within limit: Duration?) async throws(HostError) -> [UInt8]? {
    guard let limit else { return try await read() }
    guard try await more(than: 0, until: .now + limit) == .more else { return nil }
    return try await read()
  }

  /// Takes so many bytes from the front.
  public func drop(_ count: Int) { state.quietly { $0.pending.removeFirst(min(count, $0.pending.count)) } }

  /// What has come and nobody has taken.
  public var pending: [UInt8] { state.quietly { $0.pending } }

  /// Reads on in the log.
  /// - Returns: false when there is no more.
  private func more() throws(HostError) -> Bool {
    let status = state.quietly { [log] state -> Int32? in
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      var count = pread(log, &chunk, chunk.count, state.place)
      while count < 0, errno == EINTR { count = pread(log, &chunk, chunk.count, state.place) }
      if count < 0 { return errno }
      state.take(chunk[..<count], from: log)
      return count == 0 ? -1 : 0
    }
    if let status, status > 0 { throw .system("could not read \(folder.consoleLog)", errno: status) }
    return status == 0
  }

  /// Whether QEMU runs: it holds the lock on the file of its process number.
  private var isAlive: Bool {
    let file = open(folder.processID, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    return fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
  }

  // MARK: - Writing

  /// Types into the console. Returns when QEMU has taken all of it; a guest that does not read keeps it waiting.
  /// - Throws: `busy` when another program holds the console's socket; `guest` when QEMU has ended.
  public func write(_ bytes: [UInt8]) async throws(HostError) {
    let socket = try connect()
    defer { close(socket) }
    var rest = bytes[...]
    let end = ContinuousClock.now + .seconds(10)
    while true {
      try discardOutput(of: socket)
      if !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count < 0, errno != EAGAIN, errno != EINTR { throw Self.ended }
        if count > 0 { rest = rest.dropFirst(count) }
      }
      // What the other side has not read counts as unsent for a Unix socket (SIOCOUTQ, as of unix(7)).
      var unread: Int32 = 0
      if rest.isEmpty {
        guard ioctl(socket, UInt(TIOCOUTQ), &unread) == 0, unread > 0 else { return }
      }
      guard ContinuousClock.now < end else {
        throw HostError(
          .busy,
          "the console does not take what is typed: another program is connected to it, or the guest does not read",
          hint: "end what is connected to \(folder.console)")
      }
      try await pause(.milliseconds(1))
    }
  }

  /// Types what comes, and shows what the guest says, until the input or the machine ends.
  /// - Parameters:
  ///   - input: nil to show only.
  ///   - lingering: how long after the input's end answers are shown.
  ///   - isRead: whether anybody sees what is shown; nil is always. Where nobody does, that is an error, also while the guest says
  ///     nothing.
  public func attach(
    input: (@Sendable () async throws(HostError) -> [UInt8]?)?, lingering: Duration,
    isRead: (@Sendable () -> Bool)? = nil, _ show: @escaping @Sendable ([UInt8]) throws(HostError) -> Void
  ) async throws(HostError) {
    let failure = await withTaskGroup(of: HostError?.self) { group in
      group.addTask {
        do throws(HostError) { while let bytes = try await self.read() { try show(bytes) } } catch { return error }
        return nil
      }
      if let isRead {
        group.addTask {
          do throws(HostError) { while isRead() { try await pause(.milliseconds(200)) } } catch { return error }
          return Descriptor.failure(EPIPE)
        }
      }
      if let input {
        group.addTask {
          do throws(HostError) {
            while let bytes = try await input() { try await self.write(bytes) }
            try await pause(lingering)
          } catch { return error }
          return nil
        }
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let failure { throw failure }
  }

  /// QEMU says all to whoever is connected, and stops the guest when it is not read. The log has it, too.
  private func discardOutput(of socket: Int32) throws(HostError) {
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
      if count == 0 { throw Self.ended }
      if count < 0 { return }
    }
  }

  private static let ended = HostError(.guest, "the guest has ended")

  private func connect() throws(HostError) -> Int32 {
    let number = openUnixSocket(folder.console, flags: SOCK_NONBLOCK.rawValue)
    guard number >= 0 else {
      if errno == EAGAIN {
        throw HostError(
          .busy, "another program is connected to the console", hint: "end what is connected to \(folder.console)")
      }
      throw HostError(.guest, "the console of the machine is gone: it has ended")
    }
    return number
  }
}

extension LocalHost {
  /// The console of a running machine. Nobody is kept from it, whatever else talks to the guest.
  /// - Parameters:
  ///   - fromStart: as of ``GuestConsole``.
  ///   - timestamps: as of ``GuestConsole``.
  /// - Throws: `invalid` when no machine of that name runs.
  public func console(
    ofMachine name: String, fromStart: Bool, timestamps: Bool = false
  ) throws(HostError) -> GuestConsole {
    guard let state = try machine(name), state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    return try GuestConsole(folder(ofMachine: name), fromStart: fromStart, timestamps: timestamps)
  }
}
