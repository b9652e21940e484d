import Glibc

/// Bytes that come piece by piece from a guest.
protocol ChunkSource: AnyObject {
  /// The next piece, never empty; nil at the end.
  func next() async throws(HostError) -> [UInt8]?
}

extension OutputTarget {
  /// Whether what goes there need not be kept until the end.
  var isStream: Bool { if case .capture = self { false } else { true } }

  // Loops, and no closures that collect into a variable around them: of those swiftc 6.3.1 lost what they had collected, in
  // an optimized build.

  /// Brings all that comes to the target. (Not for what a program of the host writes: in an optimized build swiftc 6.3.1 lost
  /// what this gave back of it. There, and for what is captured here, each caller does it by itself.)
  /// - Parameter own: the caller's descriptor that `.inherit` means.
  /// - Returns: what is captured of it.
  /// - Throws: what the source and the target throw; `system` when the file cannot be written.
  func deliver(_ source: any ChunkSource, own: Int32) async throws(HostError) -> [UInt8] {
    switch self {
    case .capture, .standardOutput: return try await Self.collect(source)
    case .discard: while try await source.next() != nil {}
    case .chunks(let take): while let chunk = try await source.next() { try await take(chunk) }
    case .lines(let take): try await Self.forEachLine(of: source, take)
    case .inherit: while let chunk = try await source.next() { Descriptor.write(chunk, to: own) }
    case .file(let path, let append):
      let file = try Self.open(path, append: append)
      defer { close(file) }
      while let chunk = try await source.next() {
        let status = Descriptor.write(chunk, to: file)
        guard status == 0 else { throw .system("could not write \(path)", errno: status) }
      }
    }
    return []
  }

  /// Opens a file for output: emptied, or to be written on at its end.
  static func open(_ path: String, append: Bool) throws(HostError) -> Int32 {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0o644)
    guard file >= 0 else { throw .system("could not write \(path)", errno: errno) }
    return file
  }

  private static func collect(_ source: any ChunkSource) async throws(HostError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try await source.next() {
      bytes += chunk
      guard bytes.count <= LocalHost.outputLimit else { throw LocalHost.tooLong }
    }
    return bytes
  }

  private static func forEachLine(
    of source: any ChunkSource, _ take: Lines
  ) async throws(HostError) {
    let feed = UInt8(ascii: "\n")
    var rest: [UInt8] = []
    while let chunk = try await source.next() {
      guard let last = chunk.lastIndex(of: feed) else {
        rest += chunk
        guard rest.count <= LocalHost.outputLimit else {
          throw HostError(.system, "a line of the output is longer than 64 MiB")
        }
        continue
      }
      let lines = rest + chunk[...last]
      rest = Array(chunk[(last + 1)...])
      try await take(lines)
    }
    if !rest.isEmpty { try await take(rest + [feed]) }
  }
}
