/// A warning or an error of a build.
public struct BuildDiagnostic: Sendable, Equatable {
  public enum Severity: String, Sendable { case error, warning }

  public var severity: Severity
  /// The file, from the top of the source where it is in it; nil when the message is of no file.
  public var file: String?
  public var line: Int?
  public var column: Int?
  public var message: String
  /// The warning's option: `-Wunused-variable`.
  public var option: String?
  /// All lines that belong to it, as they were printed: where it was included from, the source's line, notes.
  public var context: [String] = []

  /// `fs/ceph/file.c:12:3: error: ...`
  public var text: String {
    var place = file ?? ""
    if let line { place += ":\(line)" }
    if let column { place += ":\(column)" }
    return (place.isEmpty ? "" : place + ": ") + "\(severity.rawValue): \(message)"
  }
}

/// What a line of a build's output is.
enum BuildLine: Equatable {
  /// `  CC [M]  fs/ceph/file.o`: the command and what it makes.
  case step(String, String)
  case diagnostic(BuildDiagnostic)
  /// `fs/ceph/file.c:7:1: note: ...`, which belongs to the diagnostic before it.
  case note
  /// `In file included from ...`, `fs/ceph/file.c: In function ‘f’:`: belongs to the diagnostic after it.
  case introduction
  /// A line of make itself.
  case make
  case other

  init(_ line: Substring) {
    let bytes = line.utf8
    if let step = Self.step(line) {
      self = .step(step.command, step.target)
    } else if bytes.starts(with: "make".utf8), let make = Self.make(line) {
      self = make
    } else if bytes.starts(with: "In file included from ".utf8)
      || bytes.starts(with: "                 from ".utf8)
      || line.contains(": In function ") || line.hasSuffix(": At top level:") || line.contains(": in function `")
    {
      self = .introduction
    } else if let found = Self.diagnostic(line) {
      self = found
    } else {
      self = .other
    }
  }

  /// Kbuild's `quiet_cmd` lines: two spaces, the command in a column of eight, what it makes (scripts/Kbuild.include).
  private static func step(_ line: Substring) -> (command: String, target: String)? {
    var bytes = line.utf8
    guard bytes.starts(with: "  ".utf8), let first = bytes.dropFirst(2).first, (0x41...0x5A).contains(first) else {
      return nil
    }
    bytes = bytes.dropFirst(2)
    guard let gap = Substring(bytes).firstRange(of: " ") else { return nil }
    let command = Substring(bytes)[..<gap.lowerBound]
    guard
      command.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2B })
    else { return nil }
    var rest = Substring(bytes)[gap.lowerBound...].drop { $0 == " " }
    var word = String(command)
    if rest.hasPrefix("[M]") {
      word += " [M]"
      rest = rest.dropFirst(3).drop { $0 == " " }
    }
    return rest.isEmpty ? nil : (word, String(rest))
  }

  /// `make[2]: *** [RULE:LINE: TARGET] Error 1` says only that something before it failed, but `make: *** No rule to make
  /// target` is the error itself.
  private static func make(_ line: Substring) -> BuildLine? {
    guard let colon = line.firstRange(of: ": ")?.lowerBound else { return nil }
    let head = line[..<colon]
    guard head == "make" || head.hasPrefix("make[") && head.hasSuffix("]") else { return nil }
    let text = line[colon...].dropFirst(2)
    guard text.hasPrefix("*** "), !text.hasPrefix("*** ["), !text.hasPrefix("*** Waiting for") else { return .make }
    return .diagnostic(BuildDiagnostic(severity: .error, message: String(text.dropFirst(4)), context: [String(line)]))
  }

  private static let severities: [(String, BuildDiagnostic.Severity?)] = [
    (": error: ", .error), (": fatal error: ", .error), (": warning: ", .warning), (": note: ", nil),
    // The assembler, modpost, and make's own words in a Makefile.
    (": Error: ", .error), (": Warning: ", .warning), (": undefined reference to ", .error),
    (": *** ", .error),
  ]

  private static func diagnostic(_ line: Substring) -> BuildLine? {
    for (prefix, severity) in [("ERROR: ", BuildDiagnostic.Severity.error), ("WARNING: ", .warning)]
    where line.hasPrefix(prefix) {
      return .diagnostic(
        BuildDiagnostic(severity: severity, message: String(line.dropFirst(prefix.count)), context: [String(line)]))
    }
    guard line.utf8.contains(0x3A) else { return nil }
    for (mark, severity) in severities {
      guard let range = line.firstRange(of: mark) else { continue }
      guard let severity else { return .note }
      var place = place(line[..<range.lowerBound])
      // A program's own word, such as `ld: error: ...`, is no file.
      if let file = place?.file, place?.line == nil, !file.contains("/"), !file.contains(".") { place = nil }
      var message = line[range.upperBound...]
      if mark.hasPrefix(": undefined") { message = line[range.lowerBound...].dropFirst(2) }
      var option: String?
      if message.hasSuffix("]"), let bracket = message.lastIndex(of: "["), message[bracket...].hasPrefix("[-W") {
        option = String(message[bracket...].dropFirst().dropLast())
        message = message[..<bracket]
        while message.last == " " { message.removeLast() }
      }
      return .diagnostic(
        BuildDiagnostic(
          severity: severity, file: place?.file, line: place?.line, column: place?.column, message: String(message),
          option: option, context: [String(line)]))
    }
    // Kconfig: `fs/Kconfig:12: syntax error`.
    if let place = place(line.prefix { $0 != " " }.dropLast()), place.line != nil,
      Files.name(of: place.file).hasPrefix("Kconfig")
    {
      let message = line.drop { $0 != " " }.dropFirst()
      return .diagnostic(
        BuildDiagnostic(
          severity: message.contains("warning") ? .warning : .error, file: place.file, line: place.line,
          message: String(message), context: [String(line)]))
    }
    return nil
  }

  /// `FILE`, `FILE:LINE`, `FILE:LINE:COLUMN`.
  private static func place(_ text: Substring) -> (file: String, line: Int?, column: Int?)? {
    var parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var numbers: [Int] = []
    while parts.count > 1, numbers.count < 2, let last = parts.last, let number = Int(last) {
      numbers.insert(number, at: 0)
      parts.removeLast()
    }
    // `ld: fs/ceph/file.o: in function ...` begins with the program.
    if parts.count > 1, let first = parts.first, !first.contains(".") { parts.removeFirst() }
    let file = parts.joined(separator: ":").drop { $0 == " " }
    guard !file.isEmpty, !file.contains(" ") else { return nil }
    return (String(file), numbers.first, numbers.count > 1 ? numbers[1] : nil)
  }
}
