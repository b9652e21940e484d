import Glibc

/// Bytes that come piece by piece from a guest.
protocol ChunkSource: AnyObject {
  /// The next piece, never empty; nil at the end.
  func next() async throws(HostError) -> [UInt8]?
}

extension OutputTarget {
  /// Whether what goes there need not be kept until the end.
  var isStream: Bool { if case .capture = self { false } else { true } }

  /// Brings all that comes to the target. What is captured is the caller's to keep, and does not come here.
  /// - Parameter own: the caller's descriptor that `.inherit` means.
  /// - Throws: what the source and the target throw; `system` when it cannot be written, as where nobody reads it any more.
  func deliver(_ source: any ChunkSource, own: Int32) async throws(HostError) {
    switch self {
    case .capture, .standardOutput, .discard: while try await source.next() != nil {}
    case .chunks(let take): while let chunk = try await source.next() { try await take(chunk) }
    case .lines(let take):
      var lines = WholeLines()
      while let chunk = try await source.next() { if let ready = try lines.add(chunk) { try await take(ready) } }
      if let last = lines.end() { try await take(last) }
    case .inherit:
      while let chunk = try await source.next() {
        let status = Descriptor.write(chunk, to: own)
        // Complaints may go nowhere, where nobody is to see them.
        if status == EPIPE || status != 0 && own == STDOUT_FILENO { throw Descriptor.failure(status) }
      }
    case .file(let path, let append):
      let file = try Self.open(path, append: append)
      defer { close(file) }
      while let chunk = try await source.next() {
        let status = Descriptor.write(chunk, to: file)
        guard status == 0 else { throw .system("could not write \(path)", errno: status) }
      }
    }
  }

  /// Opens a file for output: emptied, or to be written on at its end.
  static func open(_ path: String, append: Bool) throws(HostError) -> Int32 {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0o644)
    guard file >= 0 else { throw .system("could not write \(path)", errno: errno) }
    return file
  }
}

/// Cuts what comes piece by piece behind the last line feed that is there.
struct WholeLines {
  private static let feed = UInt8(ascii: "\n")
  private var rest: [UInt8] = []

  /// - Returns: the lines that are whole now, with their line feeds; nil when the piece ends none.
  /// - Throws: when a line is longer than what is kept of an output.
  mutating func add(_ chunk: [UInt8]) throws(HostError) -> [UInt8]? {
    guard let last = chunk.lastIndex(of: Self.feed) else {
      rest += chunk
      guard rest.count <= LocalHost.outputLimit else {
        throw HostError(.system, "a line of the output is longer than 64 MiB")
      }
      return nil
    }
    let lines = rest + chunk[...last]
    rest = Array(chunk[(last + 1)...])
    return lines
  }

  /// What came behind the last line feed, as a line; nil when nothing did.
  func end() -> [UInt8]? { rest.isEmpty ? nil : rest + [Self.feed] }
}
