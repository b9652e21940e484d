import Glibc

extension LocalHost {
  /// Asks a person on the terminal, and waits for a line without holding up anything else.
  /// - Parameters:
  ///   - prompt: what stands before the answer.
  ///   - question: what it is about, for the error.
  /// - Returns: the line without its line feed.
  /// - Throws: `missing` where there is no terminal, `invalid` when the input ends.
  public func ask(_ prompt: String, about question: String) async throws(HostError) -> String {
    guard canAsk else {
      throw HostError(
        .missing, "there is no terminal to ask on: \(question)",
        hint: "run it on a terminal, or give the script the answer as an option or a default")
    }
    observer.observe(.questionOpened(prompt))
    defer { observer.observe(.questionClosed) }
    var line: [UInt8] = []
    while true {
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      // The terminal gives whole lines. A person does not feel a wait of 20 ms, and it costs no thread.
      guard poll(&input, 1, 0) > 0 else {
        do { try await Task.sleep(for: .milliseconds(20)) } catch { throw .cancelled }
        continue
      }
      var byte: UInt8 = 0
      let count = Glibc.read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      if count <= 0 { throw HostError(.invalid, "no answer was given: \(question)") }
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }

  /// Whether a person is there to answer.
  public var canAsk: Bool { Terminal.isTerminal(STDIN_FILENO) && Terminal.isTerminal(STDERR_FILENO) }
}
