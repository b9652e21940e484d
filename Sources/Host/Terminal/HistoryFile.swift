import Glibc

/// What was typed at a prompt, kept in a file that sessions share: an entry a line, its own line feeds as `\n`.
///
/// Each entry is appended under a lock, so no session takes away another's. When a session begins and the file has grown
/// to twice what is kept, it is written anew in one step.
public struct HistoryFile: Sendable {
  /// How many entries are kept.
  public static let limit = 5000
  /// How long an entry may be to be kept, in bytes.
  public static let entryLimit = 65536

  private let path: String
  private let lock: String

  /// - Throws: `system` when the folders cannot be made.
  public init(_ name: String, in state: StateDirectory) throws(HostError) {
    try state.make(state.locks)
    path = state.root + "/" + name
    lock = state.locks + "/" + name
  }

  /// The entries, the oldest first, each only where it came last.
  public func load() throws(HostError) -> [String] {
    guard Files.exists(path) else { return [] }
    let held = try FileLock.wait(lock)
    defer { withExtendedLifetime(held) {} }
    let lines = try Files.read(path).split(separator: UInt8(ascii: "\n"))
    let entries = Self.collapsed(lines.map { Self.decode(String(decoding: $0, as: UTF8.self)) })
    if lines.count > 2 * Self.limit {
      try Files.write(Array(entries.map { Self.encode($0) + "\n" }.joined().utf8), to: path, mode: 0o600)
    }
    return entries
  }

  /// Adds an entry, unless it is empty, begins with a blank, or is too long.
  /// - Returns: Whether it was added.
  @discardableResult public func append(_ entry: String) throws(HostError) -> Bool {
    guard let first = entry.first, first != " ", entry.utf8.count <= Self.entryLimit else { return false }
    let held = try FileLock.wait(lock)
    defer { withExtendedLifetime(held) {} }
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("could not open \(path)", errno: errno) }
    defer { close(descriptor) }
    let bytes = Array((Self.encode(entry) + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      throw .system("could not write \(path)", errno: errno)
    }
    return true
  }

  /// The last entries, each only where it came last.
  public static func collapsed(_ entries: [String]) -> [String] {
    var seen = Set<String>()
    var kept: [String] = []
    for entry in entries.reversed() where kept.count < limit && seen.insert(entry).inserted { kept.append(entry) }
    return kept.reversed()
  }

  static func encode(_ entry: String) -> String {
    var line = ""
    for character in entry.unicodeScalars {
      switch character {
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      default: line.unicodeScalars.append(character)
      }
    }
    return line
  }

  static func decode(_ line: String) -> String {
    var entry = ""
    var isEscaped = false
    for character in line.unicodeScalars {
      if isEscaped {
        entry.unicodeScalars.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        entry.unicodeScalars.append(character)
      }
    }
    return entry
  }
}
