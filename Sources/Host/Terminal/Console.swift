import CHost
import Glibc
import Synchronization
import TerminalText

/// A terminal with a line at its bottom that somebody edits while others print.
///
/// While a line is edited, standard output and standard error are a pipe. What comes out of it, from this program or one
/// that it has started, is written above the line, which is drawn anew below it. A thread of its own does that and reads
/// the keys, so both go on while all others are busy. While no line is edited, everything is as without a console.
public final class Console: Sendable {
  public enum Event: Sendable, Equatable {
    /// What was typed.
    case input([UInt8])
    /// The terminal has another size.
    case resized
    /// The program goes on after it was stopped; the terminal may have been used by others.
    case resumed
    /// The terminal is gone.
    case ended
    /// The program is asked to end.
    case terminated
    /// Something has happened that whoever calls ``note(_:)`` knows of.
    case other
  }

  private struct State {
    var isEditing = false
    var shown: (drawing: [UInt8], cursorRow: Int)?
    /// What was printed since the last line feed.
    var unfinished: [UInt8] = []
    var input: [UInt8] = []
    var events: [Event] = []
    /// Keys are read; between the end of a line and the next they are left to whoever reads the terminal.
    var reads = false
    var isInputClosed = false
    /// When Ctrl-C was read that nobody has taken up.
    var interruptedAt: ContinuousClock.Instant?
    var waiter: CheckedContinuation<Event, Never>?
    /// When ``suspend()`` came back, which the signal that did it need not say again.
    var resumedAt: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let terminal: Int32
  /// -1 when standard error goes elsewhere.
  private let errorTerminal: Int32
  private let outputReader: Int32
  private let outputWriter: Int32
  private let noteReader: Int32
  private let noteWriter: Int32
  private let onStuck: @Sendable () -> Void

  /// Takes hold of the terminal; nothing changes before ``begin()``. A process has one console.
  /// - Parameter onStuck: Called on another thread when nobody takes up a Ctrl-C within a fifth of a second.
  public init(onStuck: @escaping @Sendable () -> Void) throws(HostError) {
    self.onStuck = onStuck
    terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10)
    guard terminal >= 0 else { throw .system("could not take hold of the terminal", errno: errno) }
    errorTerminal = isatty(STDERR_FILENO) == 1 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10) : -1
    (outputReader, outputWriter) = try Self.makePipe()
    (noteReader, noteWriter) = try Self.makePipe()
    _ = fcntl(noteWriter, F_SETFL, O_NONBLOCK)
    // As a terminal has it, whatever standard output is when something is printed first.
    chost_buffer_output_by_lines()
    chost_note_signals(noteWriter)
    atexit { RawMode.leave() }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Console>.fromOpaque(context).takeRetainedValue().serve()
        return nil
      }, context)
    guard status == 0 else { throw .system("could not start a thread for the terminal", errno: status) }
    pthread_detach(thread)
  }

  private static func makePipe() throws(HostError) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .system("could not make a pipe", errno: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  // MARK: A line's time

  /// Begins a line: keys come one by one, and what is printed goes above the line.
  public func begin() {
    fflush(nil)
    state.withLock { state in
      RawMode.enter()
      state.isEditing = true
      state.unfinished = []
      // As many blanks as a row has: they wrap when something was left in the row, and then the next one is empty.
      let blanks = String(repeating: " ", count: max(0, RawMode.size.columns - 1))
      put("\(blanks)\r\u{1b}[K\u{1b}[?2004h")
      dup2(outputWriter, STDOUT_FILENO)
      if errorTerminal >= 0 { dup2(outputWriter, STDERR_FILENO) }
    }
    poke()
  }

  /// Draws the line, in place of what was shown.
  /// - Parameters:
  ///   - drawing: What a terminal is sent from the start of an empty row on.
  ///   - cursorRow: How many rows below its first one the drawing leaves the cursor.
  ///   - shownRow: The same for what is shown now, when the terminal has moved it.
  public func show(_ drawing: String, cursorRow: Int, over shownRow: Int? = nil) {
    state.withLock { state in
      let bytes = Array(drawing.utf8)
      let erased = state.shown.map { Self.erasing(shownRow ?? $0.cursorRow) } ?? []
      state.shown = (bytes, cursorRow)
      put(erased + bytes)
    }
  }

  /// Leaves what is shown where it is, replaced by `drawing`, and goes on below it.
  public func keep(_ drawing: String) {
    state.withLock { state in
      let erased = state.shown.map { Self.erasing($0.cursorRow) } ?? []
      state.shown = nil
      state.unfinished = []
      put(erased + Array(drawing.utf8) + Array("\r\n".utf8))
    }
  }

  /// Clears the screen; the line is to be drawn again.
  public func clear() {
    state.withLock { state in
      state.shown = nil
      state.unfinished = []
      put("\u{1b}[H\u{1b}[2J")
    }
  }

  /// Ends a line: the terminal is what it was before ``begin()``.
  /// - Returns: What was typed since the last input: a Ctrl-C in it was no signal.
  @discardableResult public func end() -> [UInt8] {
    fflush(nil)
    return state.withLock { state in
      guard state.isEditing else { return [] }
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      if !state.isInputClosed, poll(&input, 1, 0) > 0 {
        state.reads = true
        readKeys(&state)
      }
      state.isEditing = false
      state.reads = false
      state.shown = nil
      dup2(terminal, STDOUT_FILENO)
      if errorTerminal >= 0 { dup2(errorTerminal, STDERR_FILENO) }
      while let bytes = Self.read(outputReader) { put(bytes) }
      put("\u{1b}[?2004l")
      RawMode.leave()
      defer { (state.input, state.interruptedAt) = ([], nil) }
      return state.input
    }
  }

  /// Rings the terminal's bell.
  public func ring() { state.withLock { _ in put("\u{7}") } }

  /// Takes the terminal again after others have used it; the line is to be drawn again.
  public func resume() {
    state.withLock { state in
      RawMode.enter()
      state.shown = nil
      state.unfinished = []
      put("\r\u{1b}[K\u{1b}[?2004h")
    }
  }

  /// Stops the program, as Ctrl-Z does where no line is edited.
  public func suspend() {
    let typed = end()
    kill(0, SIGTSTP)
    // Before the line is edited again: from then on the thread takes SIGCONT for news.
    state.withLock { $0.resumedAt = .now }
    begin()
    state.withLock { $0.input = typed + $0.input }
  }

  /// What happens next.
  public func next() async -> Event {
    let event = await withCheckedContinuation { continuation in
      let event: Event? = state.withLock { state in
        state.reads = true
        if let event = Self.take(&state) { return event }
        state.waiter = continuation
        return nil
      }
      if let event { continuation.resume(returning: event) } else { poke() }
    }
    state.withLock { state in
      state.interruptedAt = nil
      // Until it is asked for, the rest belongs to whatever the line runs.
      state.reads = false
    }
    return event
  }

  /// Makes ``next()`` return the event. Any thread may call it.
  public func note(_ event: Event) {
    state.withLock { $0.events.append(event) }
    deliver()
  }

  // MARK: The thread

  private func serve() {
    while true {
      let (reads, isPatient) = state.withLock {
        ($0.isEditing && $0.reads && !$0.isInputClosed, $0.interruptedAt == nil)
      }
      var descriptors = [
        pollfd(fd: outputReader, events: Int16(POLLIN), revents: 0),
        pollfd(fd: noteReader, events: Int16(POLLIN), revents: 0),
        pollfd(fd: reads ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
      ]
      poll(&descriptors, 3, isPatient ? -1 : 50)
      if descriptors[0].revents != 0 { state.withLock { print(&$0) } }
      if descriptors[1].revents != 0 { takeNotes() }
      if descriptors[2].revents != 0 { state.withLock { readKeys(&$0) } }
      deliver()
      let isStuck = state.withLock { state in
        guard let since = state.interruptedAt, .now - since > .milliseconds(200) else { return false }
        state.interruptedAt = nil
        return true
      }
      if isStuck { onStuck() }
    }
  }

  /// Has the thread look at the state anew.
  private func poke() {
    var byte: UInt8 = 0
    _ = write(noteWriter, &byte, 1)
  }

  private func takeNotes() {
    for number in Self.read(noteReader) ?? [] {
      switch Int32(number) {
      case SIGWINCH: state.withLock { if $0.isEditing { $0.events.append(.resized) } }
      case SIGCONT:
        state.withLock { state in
          let isKnown = state.resumedAt.map { .now - $0 < .milliseconds(500) } ?? false
          if state.isEditing, !isKnown { state.events.append(.resumed) }
        }
      default: break
      }
    }
  }

  private func readKeys(_ state: inout State) {
    // Meanwhile the line may have ended.
    guard state.isEditing, state.reads else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else {
      state.isInputClosed = true
      state.events.append(.ended)
      return
    }
    state.input += buffer[..<count]
    if buffer[..<count].contains(0x03) { state.interruptedAt = .now }
  }

  private func deliver() {
    let ready: (CheckedContinuation<Event, Never>, Event)? = state.withLock { state in
      guard let waiter = state.waiter, let event = Self.take(&state) else { return nil }
      state.waiter = nil
      return (waiter, event)
    }
    if let (waiter, event) = ready { waiter.resume(returning: event) }
  }

  private static func take(_ state: inout State) -> Event? {
    if !state.events.isEmpty { return state.events.removeFirst() }
    guard !state.input.isEmpty else { return nil }
    defer { state.input = [] }
    return .input(state.input)
  }

  // MARK: Printing

  private func print(_ state: inout State) {
    while let bytes = Self.read(outputReader) {
      guard let shown = state.shown else {
        put(bytes)
        continue
      }
      var out = Self.erasing(shown.cursorRow)
      if !state.unfinished.isEmpty { out += Array("\u{1b}[A\r".utf8) + state.unfinished }
      out += bytes
      let line = Self.lastLine(state.unfinished + bytes)
      let width = DisplayWidth.of(String(decoding: line, as: UTF8.self))
      if width > 0 { out += Array("\r\n".utf8) }
      // Only what is in one row can be found again.
      state.unfinished = width < RawMode.size.columns && line.count < 1000 && width > 0 ? Array(line) : []
      put(out + shown.drawing)
    }
  }

  /// What stands in the last line: behind its line feed, or behind what clears the row.
  private static func lastLine(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    var line = bytes[...]
    if let end = line.lastIndex(of: 0x0A) { line = line[(end + 1)...] }
    let clearing = Array("\r\u{1b}[K".utf8)
    for start in line.indices.reversed() where line[start...].starts(with: clearing) { return line[start...] }
    return line
  }

  private static func erasing(_ row: Int) -> [UInt8] {
    Array(("\r" + (row > 0 ? "\u{1b}[\(row)A" : "") + "\u{1b}[J").utf8)
  }

  private func put(_ text: String) { put(Array(text.utf8)) }

  private func put(_ bytes: [UInt8]) { Descriptor.write(bytes, to: terminal) }

  /// What there is to read now; nil when there is nothing.
  private static func read(_ descriptor: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    return count > 0 ? Array(buffer[..<count]) : nil
  }
}
