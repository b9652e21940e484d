import Synchronization

/// Reads a build's output as it comes: counts what is made, and collects warnings and errors with what belongs to them.
struct BuildLog: Sendable {
  /// How many files were made.
  private(set) var steps = 0
  /// Modules that were linked anew.
  private(set) var modules = 0
  private(set) var diagnostics: [BuildDiagnostic] = []
  /// Debian packages that were made, as dpkg-deb names them: from the output folder.
  private(set) var packages: [String] = []
  /// The last lines, for an error that nothing else explains.
  private(set) var tail: [String] = []
  /// Lines that belong to a diagnostic that is to come.
  private var introduction: [String] = []
  /// Whether the lines that come belong to the last diagnostic.
  private var isOpen = false
  private let tree: KernelTree

  /// Most lines that are kept of a diagnostic, and warnings of a build.
  private static let contextLimit = 24
  private static let warningLimit = 10_000

  init(_ tree: KernelTree) { self.tree = tree }

  /// - Returns: what is being made by the last step among the lines.
  mutating func read(_ bytes: [UInt8]) -> String? {
    var last: String?
    for part in bytes.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: part, as: UTF8.self)
      switch BuildLine(text[...]) {
      case .step(let command, let target):
        close()
        if Self.isAlwaysRun(command, target) { continue }
        steps += 1
        if command == "LD [M]", target.hasSuffix(".ko") { modules += 1 }
        last = "\(command) \(target)"
      case .make:
        close()
        keep(text)
      case .introduction:
        // After an error of another function a new one begins.
        introduction.append(text)
        isOpen = false
        keep(text)
      case .diagnostic(var found):
        found.file = found.file.map(place)
        found.context = introduction + found.context
        introduction = []
        if found.severity == .error || diagnostics.count < Self.warningLimit { diagnostics.append(found) }
        isOpen = true
        keep(text)
      case .note, .other:
        keep(text)
        // "dpkg-deb: building package 'linux-image-6.1.0' in '../linux-image-6.1.0_1_amd64.deb'."
        if text.hasPrefix("dpkg-deb: building package "), text.hasSuffix("'."),
          let quote = text.dropLast(2).lastIndex(of: "'")
        {
          packages.append(String(text.dropLast(2)[quote...].dropFirst()))
        }
        if isOpen, let index = diagnostics.indices.last, diagnostics[index].context.count < Self.contextLimit {
          diagnostics[index].context.append(text)
        }
      }
    }
    return last
  }

  /// What a build with nothing to do says, too.
  private static func isAlwaysRun(_ command: String, _ target: String) -> Bool {
    command == "CALL" || command == "DESCEND" || command == "CHK" || command == "GEN" && target == "Makefile"
  }

  private mutating func close() {
    isOpen = false
    introduction = []
  }

  private mutating func keep(_ line: String) {
    tail.append(line)
    if tail.count > 40 { tail.removeFirst(20) }
  }

  /// A path as the compiler was given it, from the top of the source.
  private func place(_ file: String) -> String {
    let whole = file.hasPrefix("/") ? file : Files.resolve(tree.output + "/" + file) ?? file
    if whole.hasPrefix(tree.path + "/") { return String(whole.dropFirst(tree.path.count + 1)) }
    return whole
  }

  var errors: [BuildDiagnostic] { diagnostics.filter { $0.severity == .error } }
}

/// The same while it is read from another task, with the file that it goes to and the bar that shows it.
final class RunningBuild: Sendable {
  private let log: Mutex<BuildLog>
  private let file: Int32?
  private let bar: ProgressBar?

  /// - Parameter file: an open descriptor that all of the output goes to.
  init(_ tree: KernelTree, file: Int32?, bar: ProgressBar?) {
    log = Mutex(BuildLog(tree))
    self.file = file
    self.bar = bar
  }

  func take(_ lines: [UInt8]) {
    if let file { _ = Descriptor.write(lines, to: file) }
    let steps = log.withLock { log in
      _ = log.read(lines)
      return log.steps
    }
    bar?.change { state in
      state.done = Double(steps)
      // The last build was a shorter one.
      if let total = state.total, state.done > total { state.total = nil }
    }
  }

  var read: BuildLog { log.withLock { $0 } }
}
